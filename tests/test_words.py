"""One word for one thing: identifiers that were replaced do not come back."""

import importlib
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDERS = ("sim", "envs", "agents", "bench", "scripts", "tests", "docs", "src/slategym/utils", "src/slategym/testing")
# Whole words, case-sensitive, each with the word that replaced it.
RETIRED = {
    "make_choice": "make_click_model",
    "CHOICES": "CLICK_MODELS",
    "DiscreteSlate": "DiscreteAction",
    "DiscreteVectorSlate": "DiscreteVectorAction",
    "CellsVisit": "TabularVisit",
    "Standardiser": "RunningNormalizer",
    "load_figures": "load_parameters",
    "learn_all": "flush_pending",
    "NO_SALES": "NONE_PENDING",
    "NOTHING_LATE": "NOTHING_DELAYED",
    "purchases": "conversions",
    "purchases_per_click": "conversions_per_click",
    "delay_purchases": "delay_conversions",
    "late_row": "delayed_row",
    "late_age": "delayed_age",
    "check_late": "check_delayed",
    "add_late": "add_delayed",
    "of_click": "click_value",
    "of_sale": "conversion_value",
    "best_worth": "best_by_value",
    "split_scalarizers": "make_scalarizer, one text at a time",
    "is_brought": "is_custom",
    "BROUGHT": "CUSTOM",
}


def test_no_retired_identifier_is_used():
    pattern = re.compile(rf"\b({'|'.join(RETIRED)})\b")
    files = [
        path
        for folder in FOLDERS
        for path in (ROOT / folder).rglob("*")
        if path.suffix in (".py", ".md", ".ipynb", ".js", ".html")
    ]
    assert len(files) > 100
    found = [
        f"{path.relative_to(ROOT)}:{number}: {word} is now {RETIRED[word]}"
        for path in files
        if path != Path(__file__)
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        for word in pattern.findall(line)
    ]
    assert found == []


def test_every_word_of_the_glossary_is_defined_once_and_in_order():
    rows = re.findall(r"^\| ([^|]+) \| ([^|]+) \|$", (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8"), re.MULTILINE)[
        1:
    ]
    terms = [term for term, _ in rows]
    assert terms == sorted(set(terms), key=str.lower)
    assert {"slate", "propensity", "click model", "user model", "scalarizer", "regret", "shopper"} <= set(terms)


@pytest.mark.parametrize(
    "folder", ["sim", "envs", "agents", "bench", "scripts", "src/slategym/utils", "src/slategym/testing", "docs"]
)
def test_every_full_name_in_backticks_exists(folder):
    """`bench.fronts.front.front` in a docstring or on a page is a module, or something in one."""
    prefix = r"slategym\." if folder == "docs" else r"(?:slategym\.)?"  # on pages `envs` is a variable
    name = re.compile(rf"`{prefix}((?:utils|sim|envs|agents|testing|bench|scripts)(?:\.\w+)+)`")
    files = [path for path in (ROOT / folder).rglob("*") if path.suffix in (".py", ".md")]
    assert files
    found = {(path.name, full) for path in files for full in name.findall(path.read_text(encoding="utf-8"))}
    assert [(place, full) for place, full in sorted(found) if not exists(f"slategym.{full}")] == []


def exists(full):
    """Whether a dotted name leads to a module, or to an attribute of one."""
    parts = full.split(".")
    for count in range(len(parts), 0, -1):
        try:
            thing = importlib.import_module(".".join(parts[:count]))
        except ModuleNotFoundError:
            continue
        for part in parts[count:]:
            thing = getattr(thing, part, None)
        return thing is not None
    return False


def test_a_name_that_is_gone_is_seen():
    assert exists("slategym.sim.world.World.best_slate")
    assert not exists("slategym.bench.pareto.pareto")
