"""DenseFuse: an auto-encoder around a dense block, joined by a rule."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

from numbers import Integral

from sklearn.utils._param_validation import Interval, StrOptions

from ....networks.autoencoders.densefuse import DenseFuseNet
from ._autoencoder import AutoencoderFuser
from ._join import join_maps

__all__ = ["DenseFuse"]


class DenseFuse(AutoencoderFuser):
    """Fuse the maps of an auto-encoder around a dense block.

    A convolution and three densely connected ones encode each image; four decode the
    joint maps.

    Parameters
    ----------
    n_channels : int, default=16
        Maps of the first convolution and of each dense one.
    rule : {"average", "sum", "l1"}, default="average"
        How the maps of the two images are joined. ``"l1"`` is a mean weighted by local
        activity over all channels.
    activity_window : int, default=3
        Odd side of the window that activity is averaged over; the published code has
        1, the paper 3.
    weights : "pretrained", path or None, default="pretrained"
        Shipped weights, a safetensors file, or ``None`` to train in ``fit``.
    max_epochs : int, default=4
    batch_size : int, default=2
    crop_size : int, default=256
        Side of the random training crops.
    learning_rate, final_learning_rate : float, default=0.0001, 0.0001
        Of Adam, in the first and the last epoch.
    decay : {"constant", "linear", "late", "cosine", "exponential"}, \
default="constant"
        How it gets from the one to the other; ``"late"`` stays for half of the way.
    max_seconds : float or None, default=None
        Stop training after this time; the result then depends on the machine.
    ssim_weight : float, default=100.0
        Weight of one less the structural similarity beside the mean squared error.
    parity : bool, default=False
        Sum for ``rule="average"`` and stretch the result from its least to its largest
        value, as the published code does on saving.
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
    skfusion.fusers.NestFuse : Several scales and attention.

    Notes
    -----
    The loss of an image is ``MSE + ssim_weight (1 - SSIM)`` with the error in squared
    grey levels, Eq. (1) to (4) of [1]_, whose weights are 1, 10, 100 and 1000. The
    sum of maps that the published code forms is twice as bright as its sources, which
    only a stretch on saving hides: hence the average. ``fit`` holds all training images
    in memory.

    References
    ----------
    .. [1] H. Li and X.-J. Wu, "DenseFuse: A fusion approach to infrared and visible
       images", IEEE Trans. Image Process. 28(5), 2614-2623, 2019.

    Examples
    --------
    >>> import numpy as np
    >>> from skfusion.fusers import DenseFuse
    >>> rng = np.random.default_rng(0)
    >>> X = [(rng.random((24, 32)), rng.random((24, 32)))]
    >>> fuser = DenseFuse(2, weights=None, max_epochs=1, crop_size=16,
    ...                 random_state=0).fit(X)
    >>> fuser.transform(X)[0].shape
    (24, 32)
    """

    _parameter_constraints: dict = {
        **AutoencoderFuser._parameter_constraints,
        "n_channels": [Interval(Integral, 1, None, closed="left")],
        "rule": [StrOptions({"sum", "average", "l1"})],
        "activity_window": [Interval(Integral, 1, None, closed="left")],
        "parity": ["boolean"],
    }
    _weights_name = "densefuse"
    _architecture = ("n_channels",)
    _levels = 255.0
    _half = "float16"

    def __init__(
        self,
        n_channels=16,
        rule="average",
        *,
        activity_window=3,
        weights="pretrained",
        max_epochs=4,
        batch_size=2,
        crop_size=256,
        learning_rate=0.0001,
        final_learning_rate=0.0001,
        decay="constant",
        max_seconds=None,
        ssim_weight=100.0,
        parity=False,
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
        self.rule = rule
        self.activity_window = activity_window
        self.weights = weights
        self.max_epochs = max_epochs
        self.batch_size = batch_size
        self.crop_size = crop_size
        self.learning_rate = learning_rate
        self.final_learning_rate = final_learning_rate
        self.decay = decay
        self.max_seconds = max_seconds
        self.ssim_weight = ssim_weight
        self.parity = parity
        self.initial_weights = initial_weights
        self.color = color
        self.tile_size = tile_size
        self.inference_batch_size = inference_batch_size
        self.precision = precision
        self.device = device
        self.random_state = random_state
        self.verbose = verbose

    def _validate_params(self):
        super()._validate_params()
        if self.activity_window % 2 == 0:
            raise ValueError(
                f"activity_window={self.activity_window}: the window needs a centre, "
                "so use an odd size."
            )

    def _build_network(self):
        return DenseFuseNet(self.n_channels)

    def _form_key(self):
        return self.rule, self.activity_window, self.parity

    def _join(self, infrared, visible):
        rule = self.rule
        if self.parity and rule == "average":
            rule = "sum"
        return join_maps(infrared, visible, rule, self.activity_window)

    def _join_reach(self):
        return self.activity_window // 2 if self.rule == "l1" else 0
