"""Put steps together: one enhancement a modality, colour around a pipeline."""

# SPDX-License-Identifier: BSD-3-Clause
from ._chroma import with_chroma
from .colour import DropChroma, PerChannel, PreserveChroma, with_color
from .modality import EnhanceByModality

__all__ = [
    "DropChroma",
    "EnhanceByModality",
    "PerChannel",
    "PreserveChroma",
    "with_chroma",
    "with_color",
]
