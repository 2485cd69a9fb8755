"""In CI a skip for a reason that nobody wrote down fails, and tests of heavy extras run alone, when they are asked for."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from unittest.mock import ANY

import pytest

HERE = Path(__file__).parent
PROJECT = """
[project.optional-dependencies]
dev = []
peers = []
very-heavy = []

[tool.pytest.ini_options]
markers = ["slow", "quick(*patterns)"]
"""
TESTS = """
import pytest

def test_passes(): pass

@pytest.mark.skipif(True, reason="the ranks of this click model depend on each other")
def test_skips_by_design(): pass

@pytest.mark.xfail(reason="known")
def test_fails_as_expected(): raise ValueError

@pytest.mark.very_heavy
def test_heavy(): pass
"""


@pytest.fixture
def project(tmp_path):
    """A repository of a few tests with the conftest of this one."""
    (tmp_path / "pyproject.toml").write_text(PROJECT)
    (tmp_path / "tests").mkdir()
    for name in ("conftest.py", "extras.py", "allowed_skips.txt"):
        shutil.copy(HERE / name, tmp_path / "tests")
    (tmp_path / "tests" / "test_some.py").write_text(TESTS)
    return tmp_path


def run(project, *options, ci="true"):
    """The exit code and the output of the tests."""
    command = (sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--import-mode=importlib", "--strict-markers", *options)
    done = subprocess.run(command, cwd=project, env=os.environ | {"CI": ci}, capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


def test_tests_of_heavy_extras_run_alone(project):
    code, said = run(project, "--extras")
    assert code == 0, said
    assert "1 passed, 3 deselected" in said


@pytest.mark.slow
def test_an_unlisted_skip_fails_in_ci(project):
    """One at a test, and one at the import of a whole file."""
    (project / "tests" / "test_one.py").write_text("import pytest\ndef test_one(): pytest.skip('no such machine')")
    (project / "tests" / "test_more.py").write_text("import pytest\npytest.importorskip('nowhere', reason='needs nowhere')")
    code, said = run(project, "-n2")
    assert code == 1, said
    assert "1 passed, 3 skipped, 1 xfailed" in said
    assert "tests/test_one.py::test_one: no such machine" in said
    assert "tests/test_more.py: needs nowhere" in said
    assert "skips_by_design: " not in said
    assert run(project, "-n0", ci="") == (0, ANY)


@pytest.mark.slow
def test_the_quick_cases_of_a_test_run_and_the_others_are_slow(project):
    (project / "tests" / "test_cases.py").write_text(
        "import pytest\n"
        "@pytest.mark.quick('two', 'th*')\n"
        "@pytest.mark.parametrize('number', ['one', 'two', 'three'])\n"
        "def test_cases(number): pass\n"
    )
    (project / "tests" / "test_some.py").unlink()
    assert "3 passed" in run(project, "-p", "no:xdist")[1]
    assert "2 passed, 1 deselected" in run(project, "-p", "no:xdist", "-m", "not slow")[1]
    path = project / "tests" / "test_cases.py"
    path.write_text(path.read_text().replace("'two', 'th*'", "'two', 'four'"))
    code, said = run(project, "-p", "no:xdist")
    assert code == 4
    assert "tests/test_cases.py::test_cases: no case is called four" in said
