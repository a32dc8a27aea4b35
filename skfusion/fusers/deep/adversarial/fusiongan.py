"""FusionGAN: the intensity of infrared, judged by the detail of visible."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

from numbers import Integral, Real

from sklearn.utils._param_validation import Interval
from torch.nn import functional

from ....learning.adversarial import AdversarialSteps, train_adversarially
from ....learning.objectives import gradient_distance
from ....networks.adversarial.fusiongan import FusionGANNet, StridedCritic
from ..convolutional._normalized import NormalizedFuser

__all__ = ["FusionGAN"]


class FusionGAN(NormalizedFuser):
    """Fuse by a generator that a discriminator takes for a visible camera.

    The loss holds it to the intensity of the infrared and the gradient of the visible
    image; the discriminator adds detail of the visible one.

    Parameters
    ----------
    n_channels : int, default=32
        Maps of the last hidden convolution; the first has eight times as many.
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
    content_weight : float, default=100.0
        Weight of the errors of intensity and gradient.
    gradient_weight : float, default=5.0
        Weight of the squared error of the Laplacian beside that of intensity.
    adversarial_weight : float, default=1.0
        Weight of the term that deceives the discriminator.
    critic_steps : int, default=2
        Steps of the discriminator for one of the generator.
    critic_channels : int, default=32
        Maps of the first convolution of the discriminator.
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
    skfusion.fusers.DDcGAN : A discriminator for each image.

    Notes
    -----
    The loss is ``(D(F) - c)^2 + content_weight (MSE(F, I) + gradient_weight MSE(lap F,
    lap V))`` of images in [-1, 1], that of the discriminator ``(D(V) - b)^2 + (D(F) -
    a)^2``, Eq. (3) to (8) of [1]_, with b and c drawn from 0.7 to 1.2 and a from 0 to
    0.3. Training sees crops with repeated borders, in place of crops whose border the
    convolutions cut off. ``fit`` holds all pairs in memory.

    References
    ----------
    .. [1] J. Ma, W. Yu, P. Liang, C. Li and J. Jiang, "FusionGAN: A generative
       adversarial network for infrared and visible image fusion", Information Fusion
       48, 11-26, 2019.

    Examples
    --------
    >>> import numpy as np
    >>> from skfusion.fusers import FusionGAN
    >>> rng = np.random.default_rng(0)
    >>> X = [(rng.random((24, 32)), rng.random((24, 32)))]
    >>> fuser = FusionGAN(2, weights=None, max_epochs=1, crop_size=48,
    ...                 random_state=0).fit(X)
    >>> fuser.transform(X)[0].shape
    (24, 32)
    """

    _parameter_constraints: dict = {
        **NormalizedFuser._parameter_constraints,
        "n_channels": [Interval(Integral, 1, None, closed="left")],
        "content_weight": [Interval(Real, 0, None, closed="left")],
        "gradient_weight": [Interval(Real, 0, None, closed="left")],
        "adversarial_weight": [Interval(Real, 0, None, closed="left")],
        "critic_steps": [Interval(Integral, 1, None, closed="left")],
        "critic_channels": [Interval(Integral, 1, None, closed="left")],
        "parity": ["boolean"],
    }
    _weights_name = "fusiongan"
    _architecture = ("n_channels",)
    _half = "float16"

    def __init__(
        self,
        n_channels=32,
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
        content_weight=100.0,
        gradient_weight=5.0,
        adversarial_weight=1.0,
        critic_steps=2,
        critic_channels=32,
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
        self.content_weight = content_weight
        self.gradient_weight = gradient_weight
        self.adversarial_weight = adversarial_weight
        self.critic_steps = critic_steps
        self.critic_channels = critic_channels
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
        check_critic_crop(self.crop_size)

    def _build_network(self):
        return FusionGANNet(self.n_channels)

    def _fit_network(self, network, batches, generator):
        critic = StridedCritic(self.crop_size, self.critic_channels)
        critic.initialize(generator)
        steps = AdversarialSteps(
            network,
            [(critic, 1)],
            self._content,
            generator,
            adversarial_weight=self.adversarial_weight,
            critic_steps=self.critic_steps,
            learning_rate=self.learning_rate,
            critic_learning_rate=self.learning_rate,
        )
        return train_adversarially(steps, batches, **self._schedule())

    def _content(self, fused, infrared, visible):
        # Images in [-1, 1] have four times the squared error.
        error = functional.mse_loss(fused, infrared)
        error = error + self.gradient_weight * gradient_distance(fused, visible)
        return 4 * self.content_weight * error


def check_critic_crop(crop_size):
    """Refuse crops of which the discriminator leaves one pixel or none."""
    if crop_size < 47:
        raise ValueError(
            f"crop_size={crop_size}: the discriminator halves the crops four times; "
            "use 47 pixels or more."
        )
