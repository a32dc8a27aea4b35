"""QP and phase congruency."""

import numpy as np
import pytest

from skfusion._kernels.metrics.phase import oriented_energy
from skfusion.metrics import UndefinedMetricWarning, qp
from skfusion.metrics.phase import _filters, _noise_factors, phase_congruency
from tests.metrics.test_structural_invariants import images


def energy_twin(responses, threshold, cut_off, gain):
    even, odd = responses[..., 0], responses[..., 1]
    amplitude = np.hypot(even, odd)
    length = np.hypot(even.sum(0), odd.sum(0)) + 1e-4
    me, mo = even.sum(0) / length, odd.sum(0) / length
    energy = (even * me + odd * mo - np.abs(even * mo - odd * me)).sum(0)
    total = amplitude.sum(0)
    width = total / (amplitude.max(0) + 1e-4) / len(responses)
    weight = 1 / (1 + np.exp((cut_off - width) * gain))
    return weight * np.maximum(energy - threshold, 0), total


def test_energy_equals_its_definition():
    responses = np.random.default_rng(0).normal(size=(4, 9, 11, 2))
    got = oriented_energy(responses, 0.3, 0.5, 10.0)
    for x, y in zip(got, energy_twin(responses, 0.3, 0.5, 10.0)):
        assert np.allclose(x, y, rtol=1e-12)


@pytest.mark.parametrize("shape", [(16, 20), (15, 21)])
def test_noise_threshold_equals_the_sums_over_filter_images(shape):
    radial, spreads = _filters(shape)
    for spread in spreads[:2]:
        filters = [x * spread for x in radial]
        n = shape[0] * shape[1]
        kernels = [np.fft.ifft2(x).real * np.sqrt(n) for x in filters]
        squares = sum((k**2).sum() for k in kernels)
        products = sum(
            (kernels[i] * kernels[j]).sum() for i in range(4) for j in range(i + 1, 4)
        )
        power = 1 / np.log(2) / (filters[0] ** 2).sum()
        tau = np.sqrt((2 * power * squares + 4 * power * products) / 2)
        threshold = tau * np.sqrt(np.pi / 2) + 2 * np.sqrt((2 - np.pi / 2) * tau**2)
        assert _noise_factors(filters) == pytest.approx(threshold / 1.7, rel=1e-10)


def test_filters_pass_no_constant():
    radial, spreads = _filters((12, 17))
    assert all(x[0, 0] == 0 for x in radial)
    assert len(radial) == 4 and len(spreads) == 6


def test_congruency_ignores_contrast():
    a, _, _ = images("qp")
    (strong, _, _), (weak, _, _) = phase_congruency(a.astype(float), a * 0.5)
    assert np.allclose(strong, weak, atol=1e-3)
    assert 0 <= strong.min() and strong.max() <= 1


def test_an_edge_is_where_the_maximum_moment_is():
    image = np.zeros((48, 48))
    image[:, 24:] = 200.0
    ((_, edges, corners),) = phase_congruency(image)
    inside = edges[24, 8:-8]  # the transform joins left and right: an edge as well
    assert inside.argmax() + 8 in (23, 24)
    assert inside.max() > 5 * np.median(inside)
    assert (edges >= corners).all()


def test_images_without_features_are_undefined():
    rng = np.random.default_rng(1)
    faint = (rng.random((3, 32, 32)) * 1e-9 + 0.5).astype(np.float64)
    with pytest.warns(UndefinedMetricWarning):
        assert np.isnan(qp(*faint))
