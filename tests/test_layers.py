"""Imports flow one way: sim <- envs <- agents <- bench <- scripts."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROOMS = ("sim", "envs", "agents", "bench", "scripts")
# The shop itself knows no learner and no environment.
NOT_FOR = {"sim": {"gymnasium", "stable_baselines3", "torch"}}
# A module named in a string, as registries do: "slategym.envs.single:SlateEnv".
NAMED = re.compile(rf"slategym\.({'|'.join(ROOMS)})(\.\w+)*(:\w+)?")


def imports(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """The line and full name of all that is imported, wherever it stands in the file; a relative import keeps its dots."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from ((node.lineno, f"{'.' * node.level}{node.module or ''}.{alias.name}") for alias in node.names)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and NAMED.fullmatch(node.value):
            yield node.lineno, node.value.replace(":", ".")


def violations(room: str, source: str) -> list[str]:
    """What a file of that room imports against the rules, a line each."""
    found = []
    for line, name in imports(ast.parse(source)):
        first, _, rest = name.partition(".")
        other = rest.partition(".")[0]
        if first == "":
            found.append(f"line {line}: {name} is relative; name it from slategym on")
        elif first in ROOMS:
            found.append(f"line {line}: {name} loads a second copy; it is slategym.{name}")
        elif first in NOT_FOR.get(room, ()):
            found.append(f"line {line}: {room} does without {first}")
        elif first == "slategym" and other in ROOMS and ROOMS.index(other) > ROOMS.index(room):
            found.append(f"line {line}: {room} must not know {name}; imports flow {' <- '.join(ROOMS)}")
        elif first == "slategym" and other not in (*ROOMS, "__version__"):
            found.append(f"line {line}: {name} goes through the package's front door; name the module that has it")
    return found


@pytest.mark.parametrize("room", ROOMS)
def test_imports_flow_one_way(room):
    files = sorted((ROOT / room).rglob("*.py"))
    assert files, f"no files in {ROOT / room}"
    found = [f"{path.relative_to(ROOT)}, {each}" for path in files for each in violations(room, path.read_text())]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("room", "source"),
    [
        ("sim", "from slategym.envs.vector import SlateVectorEnv"),
        ("sim", "from slategym import agents"),
        ("sim", "import torch.nn as nn"),
        ("envs", "def late():\n    import slategym.agents.base"),
        ("envs", "if TYPE_CHECKING:\n    from slategym.bench.execution.runner import run"),
        ("envs", "entry_point = 'slategym.scripts.main:main'"),
        ("agents", "from slategym.bench import runner"),
        ("bench", "import slategym.scripts.main"),
        ("bench", "import sim"),
        ("bench", "from sim.catalog import Catalog"),
        ("scripts", "from ..bench import runner"),
        ("scripts", "from . import main"),
        ("agents", "import slategym"),
        ("agents", "from slategym import make_world"),
    ],
)
def test_a_violation_is_seen(room, source):
    assert violations(room, source)


@pytest.mark.parametrize(
    ("room", "source"),
    [
        ("sim", "import numpy as np\nfrom slategym.sim.catalog import Catalog"),
        ("envs", "import gymnasium\nfrom slategym.sim import world\nentry_point = 'slategym.envs.single:SlateEnv'"),
        ("bench", "from slategym import __version__\nfrom slategym.agents.base import Agent"),
        ("scripts", "import simpy\nimport slategym.bench.execution.runner"),
        ("bench", "key = 'slategym.status'"),
    ],
)
def test_what_is_allowed_passes(room, source):
    assert violations(room, source) == []
