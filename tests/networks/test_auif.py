import numpy as np
import pytest
import torch

from skfusion._kernels import auif as kernels
from skfusion.fusers.deep.autoencoders._auif_collapsed import CollapsedAUIF
from skfusion.networks.autoencoders.auif import (
    AUIFNet,
    UnrolledLayer,
    collapse_kernel,
    filter_collapsed,
    filter_plain,
    first_kernels,
)


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def trained_like(n_layers=10, n_channels=8, seed=0, **kwargs):
    """A network with random weights whose normalisation has seen images."""
    network = AUIFNet(n_layers, n_channels, **kwargs).initialize(generator(seed))
    for layer in [*network.base, *network.detail]:
        torch.nn.init.normal_(layer.theta, 0, 0.5, generator=generator(seed + 1))
        torch.nn.init.uniform_(
            layer.activation.weight, -0.5, 0.5, generator=generator()
        )
        torch.nn.init.normal_(layer.norm.bias, 0, 0.2, generator=generator(seed + 2))
    network.train()
    with torch.no_grad():
        for step in range(3):
            network(torch.rand(4, 1, 32, 40, generator=generator(step)))
    return network.eval().requires_grad_(False)


def plain(network):
    twin = AUIFNet(
        len(network.base),
        len(network.base[0].kernel),
        network.base_size,
        network.detail_size,
        collapsed=False,
    )
    twin.load_state_dict(network.state_dict())
    return twin.eval().requires_grad_(False)


@pytest.mark.parametrize("shape", [(3, 3), (3, 7), (4, 3), (10, 10), (13, 22)])
def test_collapsed_filter_equals_the_two_convolutions_border_included(shape):
    kernel = torch.randn(16, 1, 3, 3, generator=generator(), dtype=torch.float64)
    z = torch.rand(2, 1, *shape, generator=generator(1), dtype=torch.float64)
    expected = filter_plain(z, kernel)
    found = filter_collapsed(z.transpose(0, 1), kernel).transpose(0, 1)
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-11)


def test_inner_kernel_is_the_sum_of_the_autocorrelations():
    kernel = torch.randn(5, 1, 3, 3, generator=generator(), dtype=torch.float64)
    expected = sum(
        torch.nn.functional.conv2d(k[None], k[None], padding=2)[0, 0] for k in kernel
    )
    found = collapse_kernel(kernel)[1, 1]
    torch.testing.assert_close(found, expected)
    torch.testing.assert_close(found, found.flip(0, 1))


def test_gradient_of_the_collapsed_form_is_that_of_the_plain_form():
    network = AUIFNet(2, 4, 3, 5).initialize(generator()).double()
    x = torch.rand(3, 1, 9, 11, generator=generator(1), dtype=torch.float64)
    gradients = []
    for network.collapsed in (True, False):
        network.zero_grad()
        network(x).square().mean().backward()
        gradients.append([p.grad.clone() for p in network.parameters()])
    for one, other in zip(*gradients):
        torch.testing.assert_close(one, other, rtol=1e-7, atol=1e-12)


def test_layers_share_one_normalisation_state_in_both_forms():
    layer = UnrolledLayer(4)
    layer.initialize(generator())
    twin = UnrolledLayer(4)
    twin.load_state_dict(layer.state_dict())
    x = torch.rand(3, 1, 9, 11, generator=generator(1))
    z = torch.rand(3, 1, 9, 11, generator=generator(2))
    expected = twin(z, x)
    found = layer.forward_collapsed(z.transpose(0, 1), x.transpose(0, 1))
    torch.testing.assert_close(found.transpose(0, 1), expected)
    torch.testing.assert_close(layer.norm.running_var, twin.norm.running_var)
    torch.testing.assert_close(layer.norm.running_mean, twin.norm.running_mean)


SIZES = [(10, 10), (10, 37), (64, 11), (48, 64), (131, 173)]


@pytest.mark.parametrize("shape", SIZES)
def test_collapsed_maps_equal_the_plain_ones_in_double_precision(shape):
    network = trained_like().double()
    x = torch.rand(2, 1, *shape, generator=generator(9), dtype=torch.float64)
    for found, expected in zip(network.encode(x), plain(network).double().encode(x)):
        torch.testing.assert_close(found, expected, rtol=0, atol=1e-10)


def fuse(form, x):
    maps = form.encode(x)
    joined = tuple(z[:1] + z[-1:] for z in maps)
    return (
        form.decode(joined) if isinstance(form, CollapsedAUIF) else form.decode(*joined)
    )


@pytest.mark.parametrize("shape", SIZES)
@pytest.mark.parametrize("make", [lambda network: network, CollapsedAUIF])
def test_collapsed_network_equals_the_plain_one(make, shape):
    network = trained_like()
    x = torch.rand(2, 1, *shape, generator=generator(9))
    difference = fuse(make(network), x) - fuse(plain(network), x)
    assert difference.abs().max() <= 1e-5


@pytest.mark.parametrize("make", [lambda network: network, CollapsedAUIF])
def test_collapsed_network_is_as_accurate_as_the_plain_one(make):
    # Random kernels amplify rounding: the plain network itself misses its value in
    # double precision by 2e-4.
    network = trained_like(n_channels=64)
    x = torch.rand(2, 1, 48, 64, generator=generator(9))
    exact = fuse(plain(network).double(), x.double())
    rounding = (fuse(plain(network), x) - exact).abs().max()
    assert (fuse(make(network), x) - exact).abs().max() <= 1.5 * rounding


def large_image():
    rows, cols = torch.meshgrid(torch.arange(768), torch.arange(1024), indexing="ij")
    waves = 0.5 + 0.3 * torch.sin(rows / 9) * torch.cos(cols / 5)
    return (waves + 0.2 * (cols > 500)).clamp(0, 1)[None, None]


@pytest.mark.slow
def test_collapsed_pretrained_network_equals_the_plain_one_at_1024x768():
    from skfusion.fusers import AUIF

    network = AUIF()._network()
    x = large_image()
    difference = fuse(CollapsedAUIF(network), x) - fuse(plain(network), x)
    assert difference.abs().max() <= 1e-5


@pytest.mark.slow
def test_collapsed_random_network_is_as_accurate_as_the_plain_one_at_1024x768():
    network = trained_like()
    x = large_image()
    exact = fuse(plain(network).double(), x.double())
    rounding = (fuse(plain(network), x) - exact).abs().max()
    assert (fuse(CollapsedAUIF(network), x) - exact).abs().max() <= 1.5 * rounding


def test_number_of_parameters_is_the_published_one():
    network = AUIFNet()
    assert sum(p.numel() for p in network.base.parameters()) == 5810
    assert sum(p.numel() for p in network.detail.parameters()) == 5810
    assert sum(p.numel() for p in network.parameters()) == 11631


def test_initial_values_follow_the_published_distributions():
    network = AUIFNet(100, 64).initialize(generator())
    kernel = torch.cat([layer.kernel.flatten() for layer in network.base])
    eta = torch.cat([layer.eta for layer in network.base])
    theta = torch.cat([layer.theta for layer in network.detail])
    assert abs(kernel.mean()) < 0.02
    assert abs(kernel.std() - 1) < 0.02
    assert abs(eta.mean() - 0.1) < 0.01
    assert abs(eta.std() - 0.03) < 0.01
    assert abs(theta.mean() - 1e-3) < 1e-4
    assert network.base[0].activation.weight.item() == 0.25


def test_initialisation_depends_on_the_generator_alone():
    before = torch.get_rng_state().clone()
    first, second = (AUIFNet(2, 3).initialize(generator(4)) for _ in "12")
    third = AUIFNet(2, 3).initialize(generator(5))
    assert torch.equal(torch.get_rng_state(), before)
    for a, b in zip(first.parameters(), second.parameters()):
        assert torch.equal(a, b)
    assert not torch.equal(first.base[0].kernel, third.base[0].kernel)


def test_first_maps_equal_the_published_filters(shared):
    folder = shared / "reference" / "kornia"
    x = torch.from_numpy(np.load(folder / "ssimloss_a.npy")).reshape(1, 1, 32, 32)
    base, detail = AUIFNet().first_maps(x)
    for found, name in ((base, "boxblur11"), (detail, "laplacian19")):
        expected = np.load(folder / f"kornia041_{name}_of_a.npy").reshape(1, 1, 32, 32)
        np.testing.assert_allclose(found.numpy(), expected, rtol=0, atol=1e-6)


def test_first_kernels_sum_to_one_and_to_zero():
    mean, laplacian = first_kernels(5, 7)
    assert mean.shape == (5, 5)
    assert float(mean.sum()) == pytest.approx(1)
    assert float(laplacian.sum()) == pytest.approx(0, abs=1e-6)
    assert float(laplacian.abs().sum()) == pytest.approx(1)
    assert laplacian[3, 3] < 0 < laplacian[0, 0]


def test_reach_bounds_the_influence_of_a_pixel():
    network = trained_like(2, 4, base_size=3, detail_size=5)
    assert (network.margin, network.reach) == (2, 7)
    x = torch.rand(1, 1, 32, 32, generator=generator())
    changed = x.clone()
    changed[0, 0, 16, 16] = 1 - changed[0, 0, 16, 16]
    difference = (network(x) - network(changed)).abs()[0, 0]
    rows, columns = torch.nonzero(difference, as_tuple=True)
    assert max((rows - 16).abs().max(), (columns - 16).abs().max()) <= 7


# The kernels and their definitions ---------------------------------------------------


def correlate(x, kernel):
    half = len(kernel) // 2
    padded = np.pad(x.astype(np.float64), half, mode="reflect")
    windows = np.lib.stride_tricks.sliding_window_view(padded, kernel.shape)
    return np.einsum("ijpq,pq->ij", windows, kernel.astype(np.float64))


@pytest.mark.parametrize("size", [1, 3, 5, 11, 19])
def test_correlate_equals_its_definition(size, rng):
    x = rng.random((12, 15), dtype=np.float32)
    kernel = rng.standard_normal((size, size)).astype(np.float32)
    np.testing.assert_allclose(
        kernels.correlate(x, kernel), correlate(x, kernel), rtol=0, atol=1e-4
    )


def run_layers(z, x, kernel, numbers):
    """One layer at a time, one pixel at a time, in float64."""
    n_rows, n_columns = x.shape
    for k, (shift, slope, eta, keep, pull) in zip(kernel, numbers):
        padded = np.pad(z, 2, mode="reflect")
        new = np.empty_like(z)
        for i in range(n_rows):
            for j in range(n_columns):
                row = 0 if i == 0 else 2 if i == n_rows - 1 else 1
                column = 0 if j == 0 else 2 if j == n_columns - 1 else 1
                window = padded[i : i + 5, j : j + 5]
                u = shift + np.sum(k[row, column] * window)
                u = u if u > 0 else slope * u
                new[i, j] = keep * z[i, j] + pull * x[i, j] - eta * u
        z = new
    return z


@pytest.mark.parametrize("shape", [(3, 3), (3, 8), (9, 3), (7, 10)])
def test_run_layers_equals_its_definition(shape, rng):
    x = rng.random(shape, dtype=np.float32)
    z = rng.random(shape, dtype=np.float32)
    kernel = 0.1 * rng.standard_normal((3, 3, 3, 5, 5))
    inner = kernel[:, 1, 1]
    kernel[:, 1, 1] = (inner + inner[:, ::-1, ::-1]) / 2
    numbers = 0.3 * rng.standard_normal((3, 5))
    kernel, numbers = kernel.astype(np.float32), numbers.astype(np.float32)
    expected = run_layers(z.astype(float), x, kernel, numbers)
    found = kernels.run_layers(z, x, kernel, numbers)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5)


def test_decode_equals_its_definition(rng):
    base, detail = rng.standard_normal((2, 6, 9)).astype(np.float32)
    kernel = rng.standard_normal((3, 3)).astype(np.float32)
    found = kernels.decode(base, detail, kernel, np.float32(0.3))
    expected = correlate(base + detail, kernel) + np.float32(0.3)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5)
