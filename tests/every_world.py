"""Every world by name, for parametrized tests; those that differ from another one in numbers alone are slow."""

import pytest

from slategym.sim.worlds import WORLDS

TWINS = tuple(
    name
    for name in WORLDS
    if name.startswith("Sardine") and name not in ("SardineSingleItemStatic-v0", "SardineSlateTopKBoredInfluenced-v0")
)
# Worlds whose episodes or catalogues are long, for tests that play many of them.
LONG = ("RecoGym-v1", "RecSimInterestEvolution-v0", "KuaiSimLike-v0")
QUICK = tuple(name for name in WORLDS if name not in TWINS)
EVERY = tuple(pytest.param(name, marks=pytest.mark.slow) if name in TWINS else name for name in WORLDS)
SHORT = tuple(pytest.param(name, marks=pytest.mark.slow) if name in TWINS + LONG else name for name in WORLDS)
