import numpy as np
import pytest
import torch
from scipy import ndimage
from torch.nn import functional

from skfusion.learning.objectives import (
    blur,
    gradient_distance,
    laplacian,
    proportional_loss,
    reconstruction_loss,
    similarity_loss,
    source_shares,
    stencils,
)
from skfusion.losses import dssim


@pytest.fixture
def images():
    generator = torch.Generator().manual_seed(0)
    return torch.rand(3, 2, 1, 17, 20, generator=generator)


def test_blur_is_the_gaussian_of_scipy(images):
    x = images[0]
    expected = ndimage.gaussian_filter(
        x.numpy().astype(float), (0, 0, 1.5, 1.5), mode="mirror", radius=(0, 0, 4, 4)
    )
    np.testing.assert_allclose(blur(x, 1.5), expected, atol=1e-6)


def test_blur_of_a_small_image_is_cut_and_keeps_flat_ones_flat():
    flat = torch.full((1, 1, 3, 4), 0.3)
    torch.testing.assert_close(blur(flat, 5.0), flat)


def test_laplacian_is_that_of_scipy(images):
    x = images[0]
    expected = [ndimage.laplace(one[0].numpy(), mode="mirror") for one in x]
    np.testing.assert_allclose(laplacian(x)[:, 0], expected, atol=1e-5)
    expected = [ndimage.laplace(one[0].numpy(), mode="nearest") for one in x]
    np.testing.assert_allclose(laplacian(x, "replicate")[:, 0], expected, atol=1e-5)
    plane = torch.arange(20.0).expand(1, 1, 17, 20)
    assert laplacian(plane)[..., 1:-1].abs().max() == 0


def test_stencils_are_kept_and_serve_gradients_after_inference():
    rows = (((0.0, 2.0), (0.0, 0.0)), ((0.0, 0.0), (3.0, 0.0)))
    image = torch.arange(6.0).reshape(1, 1, 2, 3)
    with torch.inference_mode():
        first = stencils(rows, image)
    assert stencils(rows, image) is first
    assert stencils(rows, image.double()).dtype == torch.float64
    image.requires_grad_(True)
    answers = functional.conv2d(image, first)
    assert answers[0].tolist() == [[[2, 4]], [[9, 12]]]
    answers.sum().backward()
    assert image.grad[0, 0].tolist() == [[0, 2, 2], [3, 3, 0]]


def test_reconstruction_loss_is_its_equation(images):
    output, x, _ = images
    mse, unlike = functional.mse_loss(output, x), 2 * dssim(output, x)
    edges = (laplacian(output) - laplacian(x)).square().mean()
    found = reconstruction_loss(
        output, x, levels=255.0, ssim_weight=3.0, gradient_weight=2.0
    )
    torch.testing.assert_close(found, 255.0**2 * (mse + 2 * edges) + 3 * unlike)
    torch.testing.assert_close(reconstruction_loss(output, x), mse + unlike)
    torch.testing.assert_close(reconstruction_loss(output, x, ssim_weight=0), mse)
    torch.testing.assert_close(gradient_distance(output, x), edges)


def test_shares_follow_the_detail():
    generator = torch.Generator().manual_seed(0)
    flat, busy = torch.full((1, 1, 16, 16), 0.5), torch.rand(1, 1, 16, 16)
    busy = torch.rand(1, 1, 16, 16, generator=generator)
    shares = source_shares(flat, busy, 300.0)
    assert shares.shape == (1, 2)
    assert shares[0, 1] > 0.99
    torch.testing.assert_close(shares, source_shares(busy, flat, 300.0).flip(1))
    torch.testing.assert_close(source_shares(busy, busy, 1.0), torch.full((1, 2), 0.5))


def test_shares_are_the_softmax_of_three_scales(images):
    ir, vis, _ = images
    told = []
    for x in (ir, vis):
        scales = [x, functional.avg_pool2d(x, 2), functional.avg_pool2d(x, 4)]
        terms = [(255 * laplacian(s)).square().mean((1, 2, 3)) for s in scales]
        told.append(sum(terms) / 3)
    expected = torch.softmax(torch.stack(told, 1) / 5e4, 1)
    torch.testing.assert_close(source_shares(ir, vis, 5e4), expected)
    # A larger scale makes the shares more alike.
    spread = [source_shares(ir, vis, s).diff(dim=1).abs() for s in (1e3, 1e5)]
    assert (spread[0] > spread[1]).all()


def test_similarity_loss_weighs_each_pair_by_its_shares(images):
    fused, ir, vis = images
    shares = torch.tensor([[0.9, 0.1], [0.2, 0.8]])
    expected = 0.0
    for i in range(2):
        for share, x in zip(shares[i], (ir, vis)):
            one = fused[i : i + 1], x[i : i + 1]
            expected += share * (2 * dssim(*one) + 20 * functional.mse_loss(*one)) / 2
    torch.testing.assert_close(similarity_loss(fused, ir, vis, shares), expected)
    none = similarity_loss(ir, ir, vis, torch.tensor([[1.0, 0.0]] * 2), 5.0)
    assert none.abs() < 1e-6


def test_proportional_loss_is_its_equation(images):
    fused, ir, vis = images
    expected = (
        2 * functional.mse_loss(fused, ir)
        + 3 * functional.mse_loss(fused, vis)
        + 4 * gradient_distance(fused, ir)
        + 5 * gradient_distance(fused, vis)
    )
    found = proportional_loss(
        fused, ir, vis, intensity_weights=(2, 3), gradient_weights=(4, 5)
    )
    torch.testing.assert_close(found, expected)


def test_dssim_of_each_image(images):
    x, y, _ = images
    found = dssim(x, y, per_image=True)
    assert found.shape == (2,)
    torch.testing.assert_close(found[1], dssim(x[1:], y[1:]))
    torch.testing.assert_close(found.mean(), dssim(x, y))
