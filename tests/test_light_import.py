"""`import slategym` stays light: what is heavy is imported by those who use it."""

import subprocess
import sys

HEAVY = ("torch", "numba", "stable_baselines3", "plotly", "pandas", "pyarrow", "matplotlib", "scipy", "PIL")


def test_import_brings_nothing_heavy():
    script = f"import slategym, sys; print(*(name for name in {HEAVY} if name in sys.modules))"
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert result.stdout.split() == []


def test_a_short_run_with_its_log_brings_nothing_heavy_that_it_does_not_use(tmp_path):
    heavy = ("torch", "stable_baselines3", "plotly", "pandas", "scipy.optimize", "scipy.stats")
    command = ["simulate", "--world", "Shop-v0", "--agent", "random", "--slates", "100", "--out", str(tmp_path / "run")]
    script = f"""
import sys
from slategym.scripts.main import main
sys.argv = ["slategym", *{command}]
try:
    main()
except SystemExit as end:
    assert not end.code, end
print("heavy:", *(name for name in {heavy} if name in sys.modules))
"""
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert result.stdout.splitlines()[-1].split() == ["heavy:"]
