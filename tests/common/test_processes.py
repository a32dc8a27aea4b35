"""The same result in a fresh process, with other thread counts, in parallel workers."""

import hashlib
import os
import subprocess
import sys

import joblib
import numpy as np
import pytest
from sklearn.utils._tags import get_tags

from ..conftest import SHAPES, make_pair
from .estimators import FUSERS, TRANSFORMERS, make

PAIRS = [make_pair(seed, shape) for seed, shape in enumerate(SHAPES)]
CODE = """
import hashlib
from tests.common.test_processes import digests
for name, digest in digests().items():
    print(name, digest)
"""


def digests():
    """Return a digest of the results of every estimator that needs no training."""
    found = {}
    for cls in [*TRANSFORMERS, *FUSERS]:
        estimator = make(cls)
        if get_tags(estimator).requires_fit:
            continue
        X = PAIRS if cls in FUSERS else [vis for _, vis in PAIRS]
        data = b"".join(image.tobytes() for image in estimator.transform(X))
        found[cls.__name__] = hashlib.sha256(data).hexdigest()
    return found


@pytest.mark.slow
@pytest.mark.parametrize("threads", ["1", "2"])
def test_a_fresh_process_gives_the_same_bytes(root, threads):
    environment = {
        **os.environ,
        "OMP_NUM_THREADS": threads,
        "NUMBA_NUM_THREADS": threads,
        "MKL_NUM_THREADS": threads,
    }
    done = subprocess.run(
        [sys.executable, "-c", CODE],
        capture_output=True,
        text=True,
        cwd=root,
        env=environment,
    )
    assert done.returncode == 0, done.stderr
    assert dict(line.split() for line in done.stdout.splitlines()) == digests()


def transform_one(cls, pair):
    return make(cls).transform([pair])[0]


@pytest.mark.parametrize("cls", [c for c in FUSERS if c.__name__ in ("TIF", "GFF")])
def test_workers_give_the_same_bytes(cls):
    expected = [transform_one(cls, pair) for pair in PAIRS]
    tasks = (joblib.delayed(transform_one)(cls, pair) for pair in PAIRS)
    for a, b in zip(joblib.Parallel(n_jobs=2)(tasks), expected):
        np.testing.assert_array_equal(a, b)
