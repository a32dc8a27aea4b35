"""Every metric reproduces the published codes' values, row by row."""

import warnings
from collections import defaultdict

import pytest

from skfusion.metrics import ImageTooSmallError, UndefinedMetricWarning, registry
from skfusion.metrics.context import Context
from tests.metrics.golden_map import call_of, exception_of, tolerance_of
from tests.metrics.golden_rows import (
    GOLDEN,
    SHARED,
    deviation,
    drawn_available,
    drawn_images,
    read_rows,
    real_images,
    value_of,
)

ROWS = read_rows(GOLDEN / "metrics.csv")
BY_IMAGE = defaultdict(list)
for _row in ROWS:
    BY_IMAGE[_row["pair"], _row["fused"]].append(_row)


def _misses(rows, images, absolute=0.0):
    """Rows that the library does not reproduce, in words."""
    ctx = Context(*images)
    misses = []
    for row in rows:
        if exception_of(row) or call_of(row) is None:
            continue  # no call: test_every_row_has_a_call_or_a_cause
        key, kwargs = call_of(row)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UndefinedMetricWarning)
            try:
                got = registry[key].of(ctx, **kwargs)
            except ImageTooSmallError:
                got = float("nan")
        expected = value_of(row)
        error = deviation(got, expected)
        if error > tolerance_of(row) and not abs(got - expected) <= absolute:
            misses.append(
                f"{row['metric']} {row['variant']} {row['pair']} {row['fused']}: "
                f"{got!r}, published {expected!r} ({error:.1e})"
            )
    return misses


def _without_call(rows):
    return {
        (row["metric"], row["variant"])
        for row in rows
        if call_of(row) is None and exception_of(row) is None
    }


def test_every_row_has_a_call_or_a_cause():
    assert not _without_call(ROWS)


@pytest.mark.parametrize("name", ["metrics_reference.csv", "metrics_degenerate.csv"])
def test_every_row_on_real_pairs_has_a_call_or_a_cause(name):
    path = SHARED / "reference" / name
    if not path.exists():
        pytest.skip("the values on real pairs are not beside the repository")
    assert not _without_call(read_rows(path))


@pytest.mark.parametrize("pair, fused", sorted(BY_IMAGE))
def test_golden_rows(pair, fused):
    rows = BY_IMAGE[pair, fused]
    if not drawn_available(rows[0]):
        pytest.skip("the larger drawn pairs are not beside the repository")
    misses = _misses(rows, drawn_images(pair, fused))
    assert not misses, "\n".join(misses)


def _real(name):
    path = SHARED / "reference" / name
    if not path.exists():
        return []
    by_image = defaultdict(list)
    for row in read_rows(path):
        by_image[row["pair"], row["fused"]].append(row)
    return sorted(by_image.items())


@pytest.mark.parametrize(
    "rows", [pytest.param(r, id="-".join(k)) for k, r in _real("metrics_reference.csv")]
)
def test_rows_on_real_pairs(rows):
    misses = _misses(rows, real_images(rows[0]["pair"], rows[0]["fused"]))
    assert not misses, "\n".join(misses)


@pytest.mark.parametrize(
    "rows",
    [pytest.param(r, id=k[0]) for k, r in _real("metrics_degenerate.csv")],
)
def test_rows_on_degenerate_images(rows):
    # Values near 0 are compared absolutely: the published float32 codes return a few
    # 1e-7 for 0 there.
    misses = _misses(rows, real_images(rows[0]["pair"], "x"), absolute=1e-6)
    assert not misses, "\n".join(misses)
