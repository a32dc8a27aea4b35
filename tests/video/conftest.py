"""Two videos of one scene."""

# SPDX-License-Identifier: BSD-3-Clause

import pytest

from .clips import scene, write


@pytest.fixture
def clip(tmp_path):
    """Twelve lossless frames: infrared gray, visible colour."""
    images = [scene(i) for i in range(12)]
    grays = [255 - image[..., 0] for image in images]
    return (
        write(tmp_path / "ir.mkv", grays),
        write(tmp_path / "vis.mkv", images),
        grays,
        images,
    )
