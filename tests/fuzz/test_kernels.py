"""What is compiled stays within its arrays, and means what the Python it is written in means."""

import os
import subprocess
import sys

import numpy as np
import pytest
from tests.fuzz.run import ROOT

FAULTY = """
import numba, numpy as np

@numba.njit(cache=True)
def beyond(values):
    return values[len(values) + 3]

beyond(np.zeros(3))
"""


def child(*arguments, **environment):
    """A process of its own; Numba's settings are read when it is imported."""
    return subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, capture_output=True, text=True, env=os.environ | environment, timeout=900
    )


def checked(folder, *arguments):
    """With bounds checks, and a cache of its own: what was compiled without them would be taken from the usual one."""
    return child(*arguments, NUMBA_BOUNDSCHECK="1", NUMBA_CACHE_DIR=str(folder))


def test_the_check_of_bounds_is_on(tmp_path):
    (tmp_path / "faulty.py").write_text(FAULTY)
    result = checked(tmp_path / "cache", str(tmp_path / "faulty.py"))
    assert result.returncode == 1
    assert "IndexError: index is out of bounds" in result.stderr


@pytest.mark.slow
def test_kernels_of_agents_stay_within_bounds(tmp_path):
    result = checked(tmp_path / "cache", "-m", "tests.fuzz.visits", str(tmp_path / "found.npz"), "kernels")
    assert result.returncode == 0, result.stderr[-3000:]
    assert list((tmp_path / "cache").rglob("*.nbc")), "nothing was compiled"


@pytest.mark.slow
def test_all_kernels_stay_within_bounds(tmp_path):
    result = checked(tmp_path / "cache", "-m", "tests.fuzz.visits", str(tmp_path / "found.npz"), "worlds", "agents")
    assert result.returncode == 0, result.stderr[-3000:]


@pytest.mark.slow
def test_without_compilation_everything_is_the_same(tmp_path):
    found = []
    for name, environment in (("compiled", {}), ("python", {"NUMBA_DISABLE_JIT": "1"})):
        path = tmp_path / f"{name}.npz"
        result = child("-m", "tests.fuzz.visits", str(path), "worlds", "agents", **environment)
        assert result.returncode == 0, result.stderr[-3000:]
        found.append(np.load(path))
    compiled, python = found
    assert compiled.files == python.files
    for name in compiled.files:
        if compiled[name].dtype.kind == "f":  # compiled, a product and a sum are rounded once
            np.testing.assert_allclose(compiled[name], python[name], rtol=1e-5, atol=1e-6, err_msg=name)
        else:
            np.testing.assert_array_equal(compiled[name], python[name], err_msg=name)
    for what in ("clicks", "conversions", "late delayed"):  # or there was nothing to compare
        assert sum(compiled[name].sum() for name in compiled.files if what in name) > 0, what
