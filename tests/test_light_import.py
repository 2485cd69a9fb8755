"""`import slategym` stays light: what is heavy is imported by those who use it."""

import subprocess
import sys

HEAVY = ("torch", "numba", "stable_baselines3", "plotly", "pandas", "pyarrow", "matplotlib", "scipy", "PIL")


def test_import_brings_nothing_heavy():
    script = f"import slategym, sys; print(*(name for name in {HEAVY} if name in sys.modules))"
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert result.stdout.split() == []
