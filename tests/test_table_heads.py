"""Table heads: every term in the head of a table that a command prints or a page shows is in docs/glossary.md.

The heads are read from the source: the arguments of `table(...)` and its relatives in scripts/ and bench/, with the variables,
constants, loops and helper functions that they come from, and the `<th>` of the page templates. Those of leaderboards, which
depend on the results, come from the functions that choose them. Names of agents, worlds, tasks, options and objectives are not
terms: they appear in the source as placeholders.
"""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from slategym.bench.comparison.compare import compare
from slategym.bench.comparison.metrics import PLURALS
from slategym.bench.reports.benchmark import page
from slategym.bench.reports.benchmark_tables import columns, details
from slategym.bench.reports.findings import Findings
from slategym.scripts.common import leaderboard
from slategym.scripts.common.terminal import table
from slategym.sim.objectives import OBJECTIVES

ROOT = Path(__file__).parents[1]
FOLDERS = ("scripts", "bench/reports", "bench/performance")
NAME = "{}"  # what stands for a value that is known only in a run
UNITS = r"%|95 %|bytes/\w+|bytes|\bns each\b|\bns\b|\bµs\b|\bMB\b|\bper (slate|episode|click|impression|shopper)\b"
UNITS += r"|\bslates/s\b|/(slate|impression|click|s)\b|, s\b"
PLAIN = {  # words between terms, words in their everyday sense, and those of every textbook of statistics
    *("all", "alone", "and", "as", "at", "be", "between", "both", "by", "converts", "first", "given", "grouped", "in", "inside"),
    *("might", "of", "on", "per", "that", "the", "to"),
    *("best", "chosen", "column", "count", "day", "description", "distinct", "empty", "example", "file", "measured", "memory"),
    *("meaning", "parameter", "passed", "range", "ratio", "read", "row", "slowest", "target", "tested", "thread", "time"),
    *("training", "type", "unit", "width"),
    *("deviation", "error", "mean", "median", "standard"),
}
AGENTS = {"a", "b"}  # the two agents of an experiment
NAMES = {word for name in (*OBJECTIVES, *PLURALS.values()) for word in (name, f"{name}s")}


# ---- the heads in the source


class Module:
    """A source file whose expressions are followed to the texts that they stand for."""

    def __init__(self, path):
        self.path, self.tree = path, ast.parse(path.read_text(encoding="utf-8"))
        self.parents = {child: node for node in ast.walk(self.tree) for child in ast.iter_child_nodes(node)}
        self.imports = {
            alias.asname or alias.name: (node.module, alias.name)
            for node in ast.walk(self.tree)
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("slategym.")
            for alias in node.names
        }

    def heads(self):
        """The texts of all heads of the tables that the file makes."""
        found = []
        for call in (node for node in ast.walk(self.tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)):
            of_page = "page" in self.imports.get("table", ("",))[0]
            if call.func.id == "table" and of_page:
                found += self.texts(call.args[0])
            elif call.func.id == "table":
                found += [text for argument in call.args for text in self.texts(argument)]
            elif call.func.id == "Table" and len(call.args) > 1:
                found += self.texts(call.args[1])
            elif call.func.id == "rendered":
                found += [text for each in call.keywords if each.arg in ("first", "heads") for text in self.texts(each.value)]
        return found

    def texts(self, node, keys=False):
        """The texts that an expression stands for; of a dictionary its values, or its keys."""
        match node:
            case ast.Constant(value=str(text)):
                return [text]
            case ast.JoinedStr():
                return ["".join(part.value if isinstance(part, ast.Constant) else NAME for part in node.values)]
            case ast.List() | ast.Tuple() | ast.Set():
                return [text for each in node.elts for text in self.texts(each)]
            case ast.Dict():
                return [text for each in (node.keys if keys else node.values) for text in self.texts(each)]
            case ast.Starred():
                return self.texts(node.value, keys=True)
            case ast.IfExp():
                return self.texts(node.body, keys) + self.texts(node.orelse, keys)
            case ast.BinOp(op=ast.Add() | ast.BitOr()):
                return self.texts(node.left, keys) + self.texts(node.right, keys)
            case ast.BinOp(op=ast.Mult()):
                return self.texts(node.left)
            case ast.GeneratorExp() | ast.ListComp():
                return self.texts(node.elt)
            case ast.DictComp():
                return self.texts(node.key if keys else node.value)
            case ast.Call(func=ast.Attribute(attr="values" | "replace")):
                return self.texts(node.func.value)
            case ast.Call(func=ast.Name(id="list" | "tuple" | "dict")) if node.args:
                return self.texts(node.args[0], keys=True)
            case ast.Subscript():
                return self.texts(node.value)
            case ast.Name():
                return self.named(node, keys)
        return [NAME]

    def named(self, name, keys):
        """The texts of a variable: where it is assigned, looped over, given as an argument, or imported from."""
        scope = self.parents.get(name)
        while scope is not None:
            for loop in getattr(scope, "generators", []):
                if (found := self.looped(loop, name.id)) is not None:
                    return found
            if isinstance(scope, ast.FunctionDef | ast.Module):
                if found := self.assigned(scope, name.id, keys):
                    return found
                if isinstance(scope, ast.FunctionDef) and (found := self.passed(scope, name.id)) is not None:
                    return found
            scope = self.parents.get(scope)
        if name.id in self.imports:
            module, original = self.imports[name.id]
            path = ROOT.joinpath(*module.split(".")[1:]).with_suffix(".py")
            other = module_of(path) if path.is_file() else None
            if other and (found := other.assigned(other.tree, original, keys)):
                return found
        return [NAME]

    def assigned(self, scope, name, keys):
        found = []
        for node in ast.walk(scope):
            targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
            for target in targets:
                inner = target.value if isinstance(target, ast.Subscript) else target
                if isinstance(inner, ast.Name) and inner.id == name and inner is not target and keys:
                    found += self.texts(target.slice)
                elif (
                    isinstance(inner, ast.Name)
                    and inner.id == name
                    and isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign)
                ):
                    found += self.texts(node.value, keys) if node.value is not None else []
            if isinstance(node, ast.For) and (looped := self.looped(node, name)) is not None:
                found += looped
        return found

    def looped(self, loop, name):
        """The texts of a loop's variable; None if the loop has no such variable."""
        targets = loop.target.elts if isinstance(loop.target, ast.Tuple) else [loop.target]
        places = [place for place, each in enumerate(targets) if isinstance(each, ast.Name) and each.id == name]
        if not places:
            return None
        match loop.iter:
            case ast.Call(func=ast.Attribute(attr="items")):
                return self.texts(loop.iter.func.value, keys=places[0] == 0)
            case ast.Tuple() | ast.List() if len(targets) > 1:
                return [text for each in loop.iter.elts for text in self.texts(each.elts[places[0]])]
        return self.texts(loop.iter, keys=True)

    def passed(self, function, name):
        """The texts that calls in the same file pass for a parameter; None if the function has no such parameter."""
        given = function.args
        positional = [each.arg for each in given.args]
        calls = [
            node
            for node in ast.walk(self.tree)
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == function.name
        ]
        if given.vararg and given.vararg.arg == name:
            return [text for call in calls for each in call.args[len(positional) :] for text in self.texts(each)]
        if name in positional:
            place = positional.index(name)
            return [text for call in calls for each in call.args[place : place + 1] for text in self.texts(each)]
        return None


@cache
def module_of(path):
    return Module(path)


@cache
def heads():
    """The heads in the source, by file."""
    found = {}
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*")):
            name = str(path.relative_to(ROOT))
            if path.suffix == ".py":
                found[name] = module_of(path).heads()
            elif path.suffix == ".html":
                found[name] = re.findall(r'<th scope="col">([^<{]+)</th>', path.read_text(encoding="utf-8"))
    return {name: texts for name, texts in found.items() if texts}


@pytest.fixture(scope="module")
def results():
    return compare("ShopBandit-v0:items=12", ["random", "popularity"], 400, 2, shoppers=50, processes=1, references="off")


def chosen(results):
    """The heads of leaderboards: by slate, by episode, and with a scalarizer."""
    found = []
    for changes in ({}, {"ranked_by": "value_per_episode"}, {"scalarizers": ["nash"]}):
        findings = Findings({**results, "config": {**results["config"], **changes}})
        found += [head for _, head, _ in (*leaderboard._columns(findings), *columns(findings), *details(findings))]
    return found


# ---- their terms


@cache
def glossary():
    rows = re.findall(r"^\| ([^|]+) \| [^|]+ \|$", (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8"), re.MULTILINE)
    return frozenset(tuple(words(term)) for row in rows[1:] for term in row.split(", "))


def words(text):
    return re.findall(r"[^\W\d_][\w.+-]*", text.lower())


def singular(word):
    return word if word.endswith(("ss", "bias")) else word.removesuffix("s")


def undefined(head):
    """The words of a head that are in no term of the glossary, without units and the names of objectives."""
    text = re.sub(UNITS, " ", head.replace("-\n", "").replace("\n", " ").replace(NAME, " "))
    left, rest = words(text), []
    known = {tuple(map(singular, term)) for term in glossary()}
    while left:
        length = next((n for n in range(len(left), 0, -1) if tuple(map(singular, left[:n])) in known), 0)
        if not length and not {left[0], singular(left[0])} & (PLAIN | AGENTS | NAMES):
            rest.append(left[0])
        left = left[max(length, 1) :]
    return rest


def test_every_term_of_a_head_in_the_source_is_in_the_glossary():
    assert [(name, head, rest) for name, found in heads().items() for head in found if (rest := undefined(head))] == []


def test_every_term_of_a_leaderboard_is_in_the_glossary(results):
    found = chosen(results)
    assert len(found) > 40
    assert [(head, rest) for head in found if (rest := undefined(head))] == []


def test_the_heads_of_a_real_report_are_those_that_were_found(results, monkeypatch):
    """A table that is made in another way would be missed."""
    known = {" ".join(words(text)) for text in (*chosen(results), *(text for found in heads().values() for text in found))}
    segments = {label for found in results["segments"].values() for label in found}
    shown = re.findall(r'<th scope="col"(?: title="[^"]*")?>([^<]+)</th>', page(results))
    assert len(shown) > 5
    assert [head for head in shown if " ".join(words(head)) not in known and head not in segments] == []
    printed = []
    monkeypatch.setattr(leaderboard, "table", lambda *given: printed.extend(given) or table(*given))
    leaderboard.print_leaderboard(results)
    assert len(printed) > 3
    assert [head for head in printed if " ".join(words(head)) not in known] == []


def test_heads_are_found_wherever_they_are_written():
    found = {name: set(texts) for name, texts in heads().items()}
    assert {"agent", "description", "scalarizer", "utility"} <= found["scripts/agents.py"]  # arguments of a helper
    assert {"shoppers", "slate size", "ns/slate"} <= found["scripts/scale.py"]  # the texts of a loop
    assert {"AUC, click", "value per episode"} <= found["bench/reports/prediction/page.py"]  # keys, and an imported dictionary
    assert {"hypervolume", "IGD+"} <= found["bench/reports/sweeps/page.py"]  # values of a filtered dictionary
    assert {"value per episode", "stay", "policy"} <= found["bench/reports/benchmark_tables.py"]
    assert {"ratio", "median/best"} <= found["bench/performance/tables.py"]
    assert "runs" in found["bench/reports/assets/live.html"]
    assert sum(map(len, heads().values())) > 200


def test_a_term_that_is_not_in_the_glossary_is_seen(tmp_path):
    path = tmp_path / "command.py"
    path.write_text('heads = ["agent", f"{name} per slate"]\ntable(*heads, "worth of slates" if heads else "regret, MB")\n')
    assert [undefined(head) for head in Module(path).heads()] == [[], [], ["worth"], []]
