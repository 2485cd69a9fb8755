"""Public docstrings: every argument of a public class, function or method is described, there or where it is inherited from."""

import importlib
import inspect
import re

import pytest

PACKAGES = ("slategym", "slategym.sim", "slategym.envs", "slategym.agents", "slategym.bench", "slategym.testing")
SECTION = re.compile(r"^(?:Args|Arguments|Attributes):\n((?:[ \t]+\S.*\n?|[ \t]*\n)+)", re.MULTILINE)
ENTRY = re.compile(r"^ {4}((?:\*{0,2}\w+(?:, )?)+):", re.MULTILINE)
NAMED = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)


def described(doc):
    """The names that the sections of a docstring describe."""
    sections = SECTION.findall(inspect.cleandoc(doc or "") + "\n")
    return {name.strip("*") for section in sections for entry in ENTRY.findall(section) for name in entry.split(", ")}


def parameters(function):
    return [each.name for each in inspect.signature(function).parameters.values() if each.kind in NAMED]


def ours(thing):
    return getattr(thing, "__module__", "").startswith("slategym")


def undescribed(thing):
    """The arguments of a function, or of a class and its methods, that nothing describes."""
    if inspect.isfunction(thing):
        return [f"{thing.__qualname__}({name})" for name in parameters(thing) if name not in described(thing.__doc__)]
    if issubclass(thing, int):  # an enumeration
        return []
    lineage = [each for each in inspect.getmro(thing) if ours(each)]
    known = set().union(*(described(each.__doc__) | described(vars(each).get("__init__", each).__doc__) for each in lineage))
    found = [f"{thing.__qualname__}({name})" for name in parameters(thing) if name not in known]
    for name, member in vars(thing).items():
        method = getattr(member, "__func__", member)
        if name.startswith("_") or not inspect.isfunction(method):
            continue
        inherited = [vars(each).get(name) for each in inspect.getmro(thing)]
        known = set().union(*(described(getattr(each, "__doc__", "")) for each in inherited))
        asked = [each for each in parameters(method) if each not in ("self", "cls")]
        # Gymnasium and Stable-Baselines3 describe the methods that they ask for.
        foreign = any(name in vars(each) for each in inspect.getmro(thing) if not ours(each))
        found += [f"{thing.__qualname__}.{name}({each})" for each in asked if each not in known and not foreign]
    return found


@pytest.mark.parametrize("package", PACKAGES)
def test_every_argument_of_a_public_name_is_described(package):
    module = importlib.import_module(package)
    public = {name: getattr(module, name) for name in module.__all__}
    things = [thing for thing in public.values() if (inspect.isclass(thing) or inspect.isfunction(thing)) and ours(thing)]
    for thing in things:
        assert inspect.getdoc(thing), thing
    assert [missing for thing in things for missing in undescribed(thing)] == []


def test_an_argument_that_is_left_out_is_seen():
    def function(one, two, *more):
        """A function.

        Args:
            one: the first.
        """

    assert undescribed(function) == [f"{function.__qualname__}(two)"]
