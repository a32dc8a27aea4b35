"""The weights that ship with the package, and the functions that read and write them.

The files lie here, a card beside each; the reading is :mod:`skfusion.learning.weights`.
"""

# SPDX-License-Identifier: BSD-3-Clause
from ..learning.weights import (
    WeightsError,
    load_network,
    pretrained_names,
    read_metadata,
    read_weights,
    write_weights,
)

__all__ = [
    "WeightsError",
    "load_network",
    "pretrained_names",
    "read_metadata",
    "read_weights",
    "write_weights",
]
