"""PMGI: fixed proportions of intensity and gradient."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

from numbers import Integral

from sklearn.utils._param_validation import Interval

from ....learning.objectives import proportional_loss
from ....networks.convolutional.pmgi import PMGINet
from ._normalized import NormalizedFuser

__all__ = ["PMGI"]


class PMGI(NormalizedFuser):
    """Fuse by two paths, of gradient and of intensity, in fixed proportions.

    The paths exchange their maps; the loss keeps proportions of the intensity and of
    the gradient of both images.

    Parameters
    ----------
    n_channels : int, default=16
        Maps of each convolution.
    statistics : {"running", "image"}, default="running"
        What normalises the maps in fusing: the averages of the training, or, as
        published, the mean and variance of the image itself.
    weights : "pretrained", path or None, default="pretrained"
        Shipped weights, a safetensors file, or ``None`` to train in ``fit``.
    max_epochs : int, default=10
    batch_size : int, default=32
    crop_size : int, default=120
        Side of the random training crops.
    learning_rate, final_learning_rate : float, default=0.0001, 0.0001
        Of Adam, in the first and the last epoch.
    decay : {"constant", "linear", "late", "cosine", "exponential"}, \
default="constant"
        How it gets from the one to the other; ``"late"`` stays for half of the way.
    max_seconds : float or None, default=None
        Stop training after this time; the result then depends on the machine.
    intensity_weights : (float, float), default=(1.0, 0.3)
        Weights of the squared error of intensity to infrared and visible.
    gradient_weights : (float, float), default=(4.0, 5.0)
        Weights of the squared error of the Laplacian to infrared and visible.
    parity : bool, default=False
        As the published program: normalise by the image, without the trained scale and
        offset, which it never reads, and stretch the result.
    initial_weights : "pretrained", path or None, default=None
        Where training starts; ``None`` draws random parameters.
    color : {"gray", "per_channel"}, default="gray"
        See :class:`skfusion.base.BaseFuser`.
    tile_size : int or None, default=None
        Fuse images larger than this in overlapping tiles, with the same result.
        Not where the image itself normalises the maps.
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
    skfusion.fusers.U2Fusion : Shares that follow from the pair.

    Notes
    -----
    The loss is ``sum_k a_k MSE(F, k) + b_k MSE(lap F, lap k)``, Eq. (2) to (4) of [1]_,
    whose common factor, 100, changes nothing for Adam. ``fit`` holds all pairs in
    memory.

    References
    ----------
    .. [1] H. Zhang, H. Xu, Y. Xiao, X. Guo and J. Ma, "Rethinking the image fusion: A
       fast unified image fusion network based on proportional maintenance of gradient
       and intensity", AAAI 2020, 12797-12804.

    Examples
    --------
    >>> import numpy as np
    >>> from skfusion.fusers import PMGI
    >>> rng = np.random.default_rng(0)
    >>> X = [(rng.random((24, 32)), rng.random((24, 32)))]
    >>> fuser = PMGI(2, weights=None, max_epochs=1, crop_size=16,
    ...                 random_state=0).fit(X)
    >>> fuser.transform(X)[0].shape
    (24, 32)
    """

    _parameter_constraints: dict = {
        **NormalizedFuser._parameter_constraints,
        "n_channels": [Interval(Integral, 1, None, closed="left")],
        "intensity_weights": [tuple, list],
        "gradient_weights": [tuple, list],
        "parity": ["boolean"],
    }
    _weights_name = "pmgi"
    _architecture = ("n_channels",)
    _half = "float16"

    def __init__(
        self,
        n_channels=16,
        *,
        statistics="running",
        weights="pretrained",
        max_epochs=10,
        batch_size=32,
        crop_size=120,
        learning_rate=0.0001,
        final_learning_rate=0.0001,
        decay="constant",
        max_seconds=None,
        intensity_weights=(1.0, 0.3),
        gradient_weights=(4.0, 5.0),
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
        self.statistics = statistics
        self.weights = weights
        self.max_epochs = max_epochs
        self.batch_size = batch_size
        self.crop_size = crop_size
        self.learning_rate = learning_rate
        self.final_learning_rate = final_learning_rate
        self.decay = decay
        self.max_seconds = max_seconds
        self.intensity_weights = intensity_weights
        self.gradient_weights = gradient_weights
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
        for name in ("intensity_weights", "gradient_weights"):
            if len(getattr(self, name)) != 2:
                raise ValueError(
                    f"{name}={getattr(self, name)!r}: expected two, infrared and "
                    "visible."
                )

    def _build_network(self):
        return PMGINet(self.n_channels)

    def _loss(self, network, pairs):
        ir, vis = pairs.split(1, 1)
        return proportional_loss(
            network(ir, vis),
            ir,
            vis,
            intensity_weights=self.intensity_weights,
            gradient_weights=self.gradient_weights,
        )
