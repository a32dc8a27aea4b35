"""A process that is forked after a network was used can use it too."""

# SPDX-License-Identifier: BSD-3-Clause
import os
import subprocess
import sys

import pytest

FORK = """
import os, signal
import numpy as np
import torch
from skfusion.fusers import AUIF

image = np.random.default_rng(0).random((256, 320), dtype=np.float32)
X = [(image, image[::-1])]
fuser = AUIF(device="cpu")
torch.set_num_threads(2)
fused = fuser.transform(X)[0]
assert torch.get_num_threads() == 2
child = os.fork()
if child == 0:
    signal.alarm(60)
    again = fuser.transform(X)[0]
    os._exit(0 if np.abs(again - fused).max() < 1e-6 else 3)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_a_child_of_fork_fuses_as_its_parent_did():
    done = subprocess.run(
        [sys.executable, "-W", "ignore::DeprecationWarning", "-c", FORK],
        env={**os.environ, "OMP_NUM_THREADS": "2"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.strip() == "0", done.stderr
