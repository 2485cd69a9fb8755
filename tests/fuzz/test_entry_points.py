"""No input crashes the interpreter, and none that is wrong is taken for another: every entry point, in a process of its own.

The counts are printed: `pytest tests/fuzz -s`, or `python -m tests.fuzz.run` for the table of all.
"""

import importlib

import pytest
from tests.fuzz.inspection import EXEMPT, entry_points
from tests.fuzz.run import FAMILIES, fuzz, table

LONG = ("learners", "more_learners")


@pytest.mark.parametrize("family", [pytest.param(each, marks=[pytest.mark.slow] * (each in LONG)) for each in FAMILIES])
def test_what_is_wrong_is_refused_and_changes_nothing(family):
    outcome = fuzz(family)
    print(table(outcome))
    assert not outcome.wrong, "\n".join(outcome.wrong[:20])
    assert sum(counts["tried"] for counts in outcome.counts.values()) > 1000


def test_every_entry_point_has_a_case():
    found: dict[str, set[str]] = {}
    for family in FAMILIES:
        for case in importlib.import_module(f"tests.fuzz.{family}").cases():
            found.setdefault(case.name, set()).update(case.kinds, case.beside)
    missing = {name: set(taken) - found.get(name, set()) for name, taken in entry_points().items()}
    assert not {name: arguments for name, arguments in missing.items() if arguments}, (
        "add a case to tests/fuzz, or a reason to EXEMPT"
    )


def test_every_exemption_is_of_something_that_is_there():
    for name in EXEMPT:
        module, _, rest = name.rpartition(".")
        try:
            thing = importlib.import_module(module)
        except ModuleNotFoundError:  # a method
            module, _, kind = module.rpartition(".")
            thing = getattr(importlib.import_module(module), kind)
        assert rest in vars(thing), name


def test_a_parameter_that_holds_items_makes_an_entry_point():
    names = entry_points()
    assert names["slategym.agents.base.Agent.update"] == ("observation", "decision", "feedback")
    assert names["slategym.sim.world.World.probabilities"] == ("slate",)
    assert names["slategym.sim.catalog.Catalog.name"] == ("item",)
    assert "slategym.sim.worlds.shop.world.shop" not in names  # `items` is how many
