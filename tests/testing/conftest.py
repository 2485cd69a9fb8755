import pytest
from tests.testing.clock import CLOCK


@pytest.fixture(autouse=True)
def own_clock(monkeypatch):
    """Checks of speed read the tests' own clock."""
    monkeypatch.setattr("slategym.testing.agents.state_checks.perf_counter", CLOCK)
    monkeypatch.setattr("slategym.testing.probes.perf_counter", CLOCK)
