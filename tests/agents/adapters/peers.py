"""The agents of other libraries, for tests that go through agents; each skips where its library is not installed."""

from importlib.util import find_spec

import pytest

from slategym.agents import registry

_LIBRARIES = {"sklearn": "sklearn", "mabwiser": "mabwiser", "vowpal-wabbit": "vowpalwabbit", "nsga2": "pymoo", "pso": "pymoo"}


def peer(name, *more):
    """A parameter of a test: the agent's name, and what else belongs to it."""
    library = _LIBRARIES[name.partition(":")[0]]
    extra = "mo" if library == "pymoo" else "peers"
    reason = f'{library} is not installed: pip install "slategym[{extra}]"'
    return pytest.param(name, *more, marks=pytest.mark.skipif(find_spec(library) is None, reason=reason), id=name)


PEERS = tuple(peer(name) for name in registry.PEERS)
SEARCHERS = tuple(peer(name) for name in registry.SEARCHERS)
