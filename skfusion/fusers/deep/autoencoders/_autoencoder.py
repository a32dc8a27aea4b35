"""What the auto-encoders that fuse by a rule share."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

from numbers import Real

from sklearn.utils._param_validation import Interval

from ....images import luma
from ....learning.objectives import reconstruction_loss
from ....learning.pair_fuser import PairNetworkFuser
from ....networks.blocks import FusionNetwork
from ....pairs import ImagePairs, as_pairs
from ._decomposition import are_single_images

__all__ = ["AutoencoderFuser", "JoinedNetwork", "SingleImageFuser"]


class JoinedNetwork(FusionNetwork):
    """An auto-encoder and a rule as a network of two images.

    Parameters
    ----------
    network : nn.Module
        With ``encode``, to a tuple of maps, and ``decode``, from them.
    join : callable
        From the maps of infrared and visible, of one scale, to the joint ones.
    reach : int or None
        What the rule adds to the reach; ``None``: it sees the whole image.
    """

    def __init__(self, network, join, reach=0):
        super().__init__()
        self.network, self.join = network, join
        self.min_size, self.multiple = network.min_size, network.multiple
        self.reach = None
        if reach is not None and network.reach is not None:
            self.reach = network.reach + reach

    def forward(self, infrared, visible):
        """Map two ``(n, 1, h, w)`` images to the fused one."""
        maps = zip(self.network.encode(infrared), self.network.encode(visible))
        return self.network.decode(*(self.join(a, b) for a, b in maps))


class SingleImageFuser(PairNetworkFuser):
    """Base class of the fusers that learn from images, one by one.

    ``_training_stack`` gives both images of a pair, or a single one.
    """

    def fit(self, X=None, y=None):
        """Train the network, or check that its weights can be read.

        Parameters
        ----------
        X : pairs, or sequence of images
            Every image, infrared or visible, is one training image. Not used where
            ``weights`` is given.
        y : None
            Ignored.

        Returns
        -------
        self
        """
        return super().fit(X)

    def _training_data(self, X):
        return X if are_single_images(X) else as_pairs(X)

    def _training_stack(self, data, i):
        if isinstance(data, ImagePairs):
            return super()._training_stack(data, i)
        return luma(data[i], f"X[{i}]")[None].copy()


class AutoencoderFuser(SingleImageFuser):
    """Base class of the fusers that train an auto-encoder and join its maps by a rule.

    A subclass implements ``_join(infrared, visible)``, for the maps of one scale,
    ``_join_reach()``, how far that reaches (``None``: everywhere), and ``_form_key()``
    for the parameters that both read.
    """

    _parameter_constraints: dict = {
        **SingleImageFuser._parameter_constraints,
        "ssim_weight": [Interval(Real, 0, None, closed="left")],
    }
    # The unit of the squared error.
    _levels = 1.0

    def _loss(self, network, crops):
        images = crops.flatten(0, 1)[:, None]
        return reconstruction_loss(
            network(images),
            images,
            levels=self._levels,
            ssim_weight=self.ssim_weight,
            gradient_weight=getattr(self, "gradient_weight", 0.0),
        )

    def _paired(self, network):
        return JoinedNetwork(network, self._join, self._join_reach())

    def _join_reach(self):
        return 0

    def _join(self, infrared, visible):
        raise NotImplementedError
