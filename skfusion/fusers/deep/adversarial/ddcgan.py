"""DDcGAN: a generator against a discriminator for each image."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

from numbers import Integral, Real

from sklearn.utils._param_validation import Interval, StrOptions
from torch.nn import functional

from ....learning.adversarial import AdversarialSteps, train_adversarially
from ....learning.objectives import gradient_distance
from ....learning.pair_fuser import PairNetworkFuser
from ....networks.adversarial.ddcgan import DDcGANNet
from ....networks.adversarial.fusiongan import StridedCritic
from .fusiongan import check_critic_crop

__all__ = ["DDcGAN"]


class DDcGAN(PairNetworkFuser):
    """Fuse by a generator that two discriminators take for either camera.

    One discriminator knows infrared, the other visible images; the loss adds the
    intensity of the first and the gradient of the second.

    Parameters
    ----------
    n_channels : int, default=48
        Maps of the first convolution and of each dense one.
    weights : "pretrained", path or None, default="pretrained"
        Shipped weights, a safetensors file, or ``None`` to train in ``fit``.
    max_epochs : int, default=10
    batch_size : int, default=24
    crop_size : int, default=84
        Side of the random training crops.
    learning_rate, final_learning_rate : float, default=0.0002, 0.0001
        Of Adam, in the first and the last epoch.
    decay : {"constant", "linear", "late", "cosine", "exponential"}, \
default="exponential"
        How it gets from the one to the other; ``"late"`` stays for half of the way.
    max_seconds : float or None, default=None
        Stop training after this time; the result then depends on the machine.
    content_weight : float, default=100.0
        Weight of the errors of intensity and gradient.
    gradient_weight : float, default=1.2
        Weight of the squared error of the Laplacian beside that of intensity.
    adversarial_weight : float, default=1.0
        Weight of the term that deceives the discriminators.
    critic_steps : int, default=1
        Steps of the discriminators for one of the generator.
    critic_channels : int, default=32
        Maps of the first convolution of the discriminators.
    initial_weights : "pretrained", path or None, default=None
        Where training starts; ``None`` draws random parameters.
    color : {"gray", "per_channel"}, default="gray"
        See :class:`skfusion.base.BaseFuser`.
    tile_size : int, "auto" or None, default="auto"
        Fuse images larger than this in overlapping tiles, with the same result: the
        maps take some 2 kB a pixel. ``"auto"``: 256 on a CPU, whose cache holds the
        maps of such tiles, whole images on a GPU.
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
    skfusion.fusers.FusionGAN : One discriminator, for the visible image.

    Notes
    -----
    The loss is ``-log D_I(F) - log D_V(F) + content_weight (MSE(F, I) + gradient_weight
    MSE(lap F, lap V))``, Eq. (5) to (8) of [1]_ for images of one size, with means in
    place of norms. The published training balances the three networks by how often each
    steps and normalises the maps; here all step alike, by Adam, and nothing is
    normalised. ``fit`` holds all pairs in memory.

    References
    ----------
    .. [1] J. Ma, H. Xu, J. Jiang, X. Mei and X.-P. Zhang, "DDcGAN: A dual-discriminator
       conditional generative adversarial network for multi-resolution image fusion",
       IEEE Trans. Image Process. 29, 4980-4995, 2020.

    Examples
    --------
    >>> import numpy as np
    >>> from skfusion.fusers import DDcGAN
    >>> rng = np.random.default_rng(0)
    >>> X = [(rng.random((24, 32)), rng.random((24, 32)))]
    >>> fuser = DDcGAN(4, weights=None, max_epochs=1, crop_size=48,
    ...                 random_state=0).fit(X)
    >>> fuser.transform(X)[0].shape
    (24, 32)
    """

    _parameter_constraints: dict = {
        **PairNetworkFuser._parameter_constraints,
        "tile_size": [
            Interval(Integral, 32, None, closed="left"),
            StrOptions({"auto"}),
            None,
        ],
        "n_channels": [Interval(Integral, 1, None, closed="left")],
        "content_weight": [Interval(Real, 0, None, closed="left")],
        "gradient_weight": [Interval(Real, 0, None, closed="left")],
        "adversarial_weight": [Interval(Real, 0, None, closed="left")],
        "critic_steps": [Interval(Integral, 1, None, closed="left")],
        "critic_channels": [Interval(Integral, 1, None, closed="left")],
    }
    _weights_name = "ddcgan"
    _architecture = ("n_channels",)
    _half = "float16"
    _cache_tile = 256

    def __init__(
        self,
        n_channels=48,
        *,
        weights="pretrained",
        max_epochs=10,
        batch_size=24,
        crop_size=84,
        learning_rate=0.0002,
        final_learning_rate=0.0001,
        decay="exponential",
        max_seconds=None,
        content_weight=100.0,
        gradient_weight=1.2,
        adversarial_weight=1.0,
        critic_steps=1,
        critic_channels=32,
        initial_weights=None,
        color="gray",
        tile_size="auto",
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
        self.content_weight = content_weight
        self.gradient_weight = gradient_weight
        self.adversarial_weight = adversarial_weight
        self.critic_steps = critic_steps
        self.critic_channels = critic_channels
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
        check_critic_crop(self.crop_size)

    def _build_network(self):
        return DDcGANNet(self.n_channels)

    def _fit_network(self, network, batches, generator):
        critics = []
        for column in range(2):
            critic = StridedCritic(self.crop_size, self.critic_channels)
            critics.append((critic.initialize(generator), column))
        steps = AdversarialSteps(
            network,
            critics,
            self._content,
            generator,
            kind="log",
            adversarial_weight=self.adversarial_weight,
            critic_steps=self.critic_steps,
            learning_rate=self.learning_rate,
            critic_learning_rate=self.learning_rate,
        )
        return train_adversarially(steps, batches, **self._schedule())

    def _content(self, fused, infrared, visible):
        error = functional.mse_loss(fused, infrared)
        error = error + self.gradient_weight * gradient_distance(fused, visible)
        return self.content_weight * error
