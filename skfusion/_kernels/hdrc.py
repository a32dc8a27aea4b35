"""The last step of the dynamic range compression."""

# SPDX-License-Identifier: BSD-3-Clause
from ._jit import kernel_numpy_errors


@kernel_numpy_errors
def _row(image, scale, offset, out):
    one = out.dtype.type(1.0)
    for x in range(out.shape[0]):
        out[x] = min(out[x] * (image[x] * scale + offset), one)


@kernel_numpy_errors
def apply_gain(image, scale, offset, out):
    """Turn a gain, in ``out``, into the image times it, cut at 1, in one pass."""
    for y in range(out.shape[0]):
        _row(image[y], scale, offset, out[y])
