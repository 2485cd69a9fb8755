"""Imports flow one way, without a circle, and every package says what belongs there."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "slategym"
# What each package may import, beside itself.
ALLOWED = {
    "utils": (),
    "sim": ("utils",),
    "logs": ("utils", "sim"),
    "envs": ("utils", "sim", "logs"),
    "agents": ("utils", "sim", "logs", "envs"),
    "testing": ("utils", "sim", "logs", "envs", "agents"),
    "bench": ("utils", "sim", "logs", "envs", "agents"),
    "scripts": ("utils", "sim", "logs", "envs", "agents", "testing", "bench"),
}
# The simulator knows no learner and no environment.
FORBIDDEN_LIBRARIES = {"utils": {"gymnasium", "stable_baselines3", "torch"}, "sim": {"gymnasium", "stable_baselines3", "torch"}}
# A module named in a string, as registries do: "slategym.envs.single:SlateEnv".
NAMED = re.compile(rf"slategym\.({'|'.join(ALLOWED)})(\.\w+)*(:\w+)?")


def imports(tree: ast.AST, strings: bool = True) -> Iterator[tuple[int, str]]:
    """The line and full name of each import, wherever it stands in the file; a relative import keeps its dots."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from ((node.lineno, f"{'.' * node.level}{node.module or ''}.{alias.name}") for alias in node.names)
        elif strings and isinstance(node, ast.Constant) and isinstance(node.value, str) and NAMED.fullmatch(node.value):
            yield node.lineno, node.value.replace(":", ".")


def violations(package: str, source: str) -> list[str]:
    """A line for each import of a file of that package that breaks a rule."""
    found = []
    top = package.partition(".")[0]
    for line, name in imports(ast.parse(source)):
        first, _, rest = name.partition(".")
        other = rest.partition(".")[0]
        if first == "":
            found.append(f"line {line}: {name} is relative: write the full name, from slategym on")
        elif first in ALLOWED and (ROOT / first).is_dir():
            found.append(f"line {line}: {name} loads a second copy: write slategym.{name}")
        elif first in FORBIDDEN_LIBRARIES.get(top, ()):
            found.append(f"line {line}: {top} does without {first}")
        elif first == "slategym" and other not in (*ALLOWED, "__version__"):
            found.append(f"line {line}: {name} is imported from the top of the package: name the module that defines it")
        elif first == "slategym" and other in ALLOWED and other != top and other not in ALLOWED[top]:
            found.append(f"line {line}: {top} must not import {name}; it may import {', '.join(ALLOWED[top]) or 'nothing'}")
        elif rest.startswith("bench.reports") and top == "bench" and not package.startswith("bench.reports"):
            found.append(f"line {line}: {name} is a page: bench/reports is imported by nothing in bench")
    return found


def files(package: str) -> list[Path]:
    return sorted((SOURCE / package).rglob("*.py"))


def dotted(path: Path) -> str:
    return ".".join(path.relative_to(SOURCE).with_suffix("").parts).removesuffix(".__init__")


def circles(graph: dict[str, set[str]]) -> list[list[str]]:
    """The sets of modules that reach one another, each sorted."""

    def reached(start: str) -> set[str]:
        seen: set[str] = set()
        waiting = [start]
        while waiting:
            fresh = graph[waiting.pop()] - seen
            seen |= fresh
            waiting += fresh
        return seen

    reach = {module: reached(module) for module in graph}
    return sorted({tuple(sorted(other for other in reach[module] if module in reach[other])) for module in graph} - {()})


def import_graph(sources: dict[str, str]) -> dict[str, set[str]]:
    """Which modules each module imports, inside functions too, but for what only type checkers import.

    A registry's strings do not count: they are entry points, read long after every import.
    """
    graph: dict[str, set[str]] = {}
    for module, source in sources.items():
        graph[module] = set()
        for _, name in imports(_WithoutTypeChecking().visit(ast.parse(source)), strings=False):
            name = name.removeprefix("slategym.")
            for candidate in (name, name.rpartition(".")[0]):
                if candidate in sources and candidate != module:
                    graph[module].add(candidate)
                    break
    return graph


class _WithoutTypeChecking(ast.NodeTransformer):
    def visit_If(self, node: ast.If) -> ast.AST | None:
        return None if ast.unparse(node.test) == "TYPE_CHECKING" else self.generic_visit(node)


@pytest.mark.parametrize("package", ALLOWED)
def test_imports_flow_one_way(package):
    assert files(package), f"no files in {SOURCE / package}"
    found = [
        f"{path.relative_to(SOURCE)}, {each}" for path in files(package) for each in violations(dotted(path), path.read_text())
    ]
    assert not found, "\n".join(found)


def test_no_module_imports_another_in_a_circle():
    sources = {dotted(path): path.read_text() for package in ALLOWED for path in files(package)}
    assert circles(import_graph(sources)) == []


def test_each_package_says_what_belongs_there_and_what_does_not():
    for package in ALLOWED:
        for folder in sorted({path.parent for path in files(package)}):
            text = ast.get_docstring(ast.parse((folder / "__init__.py").read_text()))
            assert text, folder
            first = text.partition("\n")[0]
            assert re.search(r"\b([Nn]o|not|[Nn]othing|[Nn]one|alone|beside)\b", first), f"{folder}: {first}"


def test_folders_and_files_stay_small():
    for package in ALLOWED:
        for folder in {path.parent for path in files(package)}:
            assert len(list(folder.glob("*.py"))) <= 19, folder
    for path in [*(path for package in ALLOWED for path in files(package)), *(ROOT / "tests").rglob("*.py")]:
        assert len(path.read_text().splitlines()) <= 400, path


@pytest.mark.parametrize(
    ("package", "source"),
    [
        ("utils", "from slategym.sim.world import World"),
        ("sim.world", "from slategym.envs.vector import SlateVectorEnv"),
        ("sim", "from slategym import agents"),
        ("sim", "import torch.nn as nn"),
        ("envs", "def late():\n    import slategym.agents.base"),
        ("envs", "if TYPE_CHECKING:\n    from slategym.bench.execution.runner import run"),
        ("envs", "entry_point = 'slategym.scripts.main:main'"),
        ("agents", "from slategym.bench.execution import runner"),
        ("agents", "from slategym.testing import findings"),
        ("bench", "from slategym.testing import findings"),
        ("bench.audits.audit", "from slategym.bench.reports.page import page"),
        ("bench.audits.audit", "def late():\n    from slategym.bench import reports"),
        ("bench", "import slategym.scripts.main"),
        ("bench", "import sim"),
        ("bench", "from sim.catalog import Catalog"),
        ("scripts", "from ..bench import runner"),
        ("scripts", "from . import main"),
        ("agents", "import slategym"),
        ("agents", "from slategym import make_world"),
    ],
)
def test_a_violation_is_seen(package, source):
    assert violations(package, source)


@pytest.mark.parametrize(
    ("package", "source"),
    [
        ("sim", "import numpy as np\nfrom slategym.sim.catalog import Catalog"),
        ("envs", "import gymnasium\nfrom slategym.sim import world\nentry_point = 'slategym.envs.single:SlateEnv'"),
        ("bench", "from slategym import __version__\nfrom slategym.agents.base import Agent"),
        ("bench.reports.audits.page", "from slategym.bench.reports.page import page"),
        ("scripts", "import simpy\nimport slategym.bench.execution.runner"),
        ("bench", "key = 'slategym.status'"),
    ],
)
def test_what_is_allowed_passes(package, source):
    assert violations(package, source) == []


def test_a_circle_is_seen_inside_functions_but_not_in_type_checking_blocks():
    inside = {
        "sim.a": "def f():\n    from slategym.sim import b",
        "sim.b": "import slategym.sim.c",
        "sim.c": "from slategym.sim.a import f",
    }
    assert circles(import_graph(inside)) == [("sim.a", "sim.b", "sim.c")]
    typed = {"sim.a": "if TYPE_CHECKING:\n    from slategym.sim.b import B", "sim.b": "from slategym.sim.a import A"}
    assert circles(import_graph(typed)) == []
