"""The agents of other libraries, for tests that go through agents; each skips where its library is not installed."""

from importlib.util import find_spec

import pytest

from slategym.agents.known import AGENTS
from slategym.agents.registry import agent_spec


def peer(name, *more):
    """A parameter of a test: the agent's name, and what else belongs to it."""
    spec = agent_spec(name)
    reason = f'{spec.library} is not installed: pip install "slategym[{spec.extra}]"'
    return pytest.param(name, *more, marks=pytest.mark.skipif(find_spec(spec.library) is None, reason=reason), id=name)


# Those that share nearly everything with another one, which is tested in full.
TWINS = ("dpp:lin-ts", "ppo")
BUILT_IN = tuple(
    pytest.param(name, marks=pytest.mark.slow, id=name) if name in TWINS else name
    for name, spec in AGENTS.items()
    if not spec.extra
)
PEERS = tuple(peer(name) for name, spec in AGENTS.items() if spec.extra == "peers")
SEARCHERS = tuple(peer(name) for name, spec in AGENTS.items() if spec.extra == "mo")
