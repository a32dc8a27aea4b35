"""What a network makes of a pair, before it is clipped."""

# SPDX-License-Identifier: BSD-3-Clause
import numpy as np
import torch

from skfusion.learning.devices import inference


def planes(*images):
    """Return gray images as tensors ``(1, 1, h, w)``."""
    return [torch.from_numpy(np.float32(image))[None, None] for image in images]


def unclipped(fuser, ir, vis):
    """Return what a fuser makes of a gray pair."""
    with inference(torch.device("cpu")):
        return fuser._fuse_batch(*planes(ir, vis))[0, 0].numpy()


def unstretched(fuser, ir, vis):
    """Return what the network of a fuser makes of a gray pair."""
    with inference(torch.device("cpu")):
        return fuser._fused(*planes(ir, vis))[0, 0].numpy()
