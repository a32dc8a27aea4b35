"""DeepFuse: the sum of two shared encodings, decoded."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

from numbers import Integral

from sklearn.utils._param_validation import Interval

from ....learning.objectives import reconstruction_loss
from ....networks.autoencoders.deepfuse import DeepFuseNet
from ._autoencoder import AutoencoderFuser

__all__ = ["DeepFuse"]


class DeepFuse(AutoencoderFuser):
    """Fuse the sum of what shared convolutions make of both images.

    Two convolutions with large kernels encode each image, three decode the sum.

    Parameters
    ----------
    n_channels : int, default=16
        Maps of the first convolution; the second has twice as many.
    weights : "pretrained", path or None, default="pretrained"
        Shipped weights, a safetensors file, or ``None`` to train in ``fit``.
    max_epochs : int, default=30
    batch_size : int, default=16
    crop_size : int, default=64
        Side of the random training crops.
    learning_rate, final_learning_rate : float, default=0.0001, 0.0001
        Of Adam, in the first and the last epoch.
    decay : {"constant", "linear", "late", "cosine", "exponential"}, \
default="constant"
        How it gets from the one to the other; ``"late"`` stays for half of the way.
    max_seconds : float or None, default=None
        Stop training after this time; the result then depends on the machine.
    ssim_weight : float, default=1.0
        Weight of one less the structural similarity beside the mean squared error.
    initial_weights : "pretrained", path or None, default=None
        Where training starts; ``None`` draws random parameters.
    color : {"gray", "per_channel"}, default="gray"
        See :class:`skfusion.base.BaseFuser`.
    tile_size : int or None, default=None
        Fuse images larger than this in overlapping tiles, with the same result.
    inference_batch_size : int or None, default=None
        Pairs of one size that the network fuses together; ``None`` chooses: one on a
        CPU, as many as fill it on a GPU. (``batch_size`` is that of the training.)
    precision : {"auto", "float32", "bfloat16", "float16"}, default="auto"
        What the network computes in. ``"auto"``: exact float32 on a CPU; on a GPU
        float16 where that moves no pixel by more than one grey level of 255.
    device : str, default="auto"
        ``"auto"`` (a GPU if there is one), ``"cpu"``, ``"cuda"``, ...; several, with
        commas between, share the pairs: ``"cuda:0,cuda:1"``.
    random_state : int, RandomState instance or None, default=None
        Of the initial parameters, the shuffles and the crops.
    verbose : bool or int, default=False
        Show a progress bar in ``fit``.

    Attributes
    ----------
    network_ : torch.nn.Module
        The trained network; only after ``fit`` with ``weights=None``.
    loss_curve_ : list of float
        Mean loss of each epoch; only after ``fit`` with ``weights=None``.

    See Also
    --------
    skfusion.fusers.DenseFuse : The same idea with dense connections.

    Notes
    -----
    Published for images of different exposure, with one less the structural similarity
    of such sequences as the loss [1]_. Here the network learns to give back an image of
    which it gets two copies: ``MSE + ssim_weight (1 - SSIM)``, as [2]_ trains its
    successor. ``fit`` holds all training images in memory.

    References
    ----------
    .. [1] K. R. Prabhakar, V. S. Srikar and R. V. Babu, "DeepFuse: A deep unsupervised
       approach for exposure fusion with extreme exposure image pairs", ICCV 2017,
       4724-4732.
    .. [2] H. Li and X.-J. Wu, "DenseFuse: A fusion approach to infrared and visible
       images", IEEE Trans. Image Process. 28(5), 2614-2623, 2019.

    Examples
    --------
    >>> import numpy as np
    >>> from skfusion.fusers import DeepFuse
    >>> rng = np.random.default_rng(0)
    >>> X = [(rng.random((24, 32)), rng.random((24, 32)))]
    >>> fuser = DeepFuse(2, weights=None, max_epochs=1, crop_size=16,
    ...                 random_state=0).fit(X)
    >>> fuser.transform(X)[0].shape
    (24, 32)
    """

    _parameter_constraints: dict = {
        **AutoencoderFuser._parameter_constraints,
        "n_channels": [Interval(Integral, 1, None, closed="left")],
    }
    _weights_name = "deepfuse"
    _architecture = ("n_channels",)
    _half = "float16"

    def __init__(
        self,
        n_channels=16,
        *,
        weights="pretrained",
        max_epochs=30,
        batch_size=16,
        crop_size=64,
        learning_rate=0.0001,
        final_learning_rate=0.0001,
        decay="constant",
        max_seconds=None,
        ssim_weight=1.0,
        initial_weights=None,
        color="gray",
        tile_size=None,
        inference_batch_size=None,
        precision="auto",
        device="auto",
        random_state=None,
        verbose=False,
    ):
        self.n_channels = n_channels
        self.weights = weights
        self.max_epochs = max_epochs
        self.batch_size = batch_size
        self.crop_size = crop_size
        self.learning_rate = learning_rate
        self.final_learning_rate = final_learning_rate
        self.decay = decay
        self.max_seconds = max_seconds
        self.ssim_weight = ssim_weight
        self.initial_weights = initial_weights
        self.color = color
        self.tile_size = tile_size
        self.inference_batch_size = inference_batch_size
        self.precision = precision
        self.device = device
        self.random_state = random_state
        self.verbose = verbose

    def _build_network(self):
        return DeepFuseNet(self.n_channels)

    def _join(self, infrared, visible):
        return infrared + visible

    def _loss(self, network, crops):
        images = crops.flatten(0, 1)[:, None]
        return reconstruction_loss(
            network(images, images), images, ssim_weight=self.ssim_weight
        )
