"""The options that several commands have, and what their text means."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from math import inf, isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from slategym.scripts import completion
from slategym.scripts.terminal import fail
from slategym.utils.integers import whole
from slategym.utils.options import REQUIRED, Option

if TYPE_CHECKING:
    from slategym.sim import world as simulated


def count(help: str, least: int = 1, most: int | None = None) -> Any:
    """An option of a whole number: 100000, 100_000 or 1e5."""

    def read(text: str) -> int:
        value = whole(text)
        if value < least or (most is not None and value > most):
            raise ValueError
        return value

    limits = f"at least {least}" if most is None else f"{least} to {most}"
    return _option(help, read, f"a whole number, {limits}, such as 1000 or 1e5")


def amount(help: str, least: float = 0.0, *, most: float = inf, above: bool = False) -> Any:
    """An option of any finite number from `least` on, or `above` it."""

    def read(text: str) -> float:
        value = float(text)
        if not (isfinite(value) and least <= value <= most) or (above and value == least):
            raise ValueError
        return value

    limits = f"{'above' if above else 'of at least'} {least:g}" + (f" and at most {most:g}" if isfinite(most) else "")
    return _option(help, read, f"a number {limits}")


def _option(help: str, read: Callable[[str], int | float], expected: str) -> Any:
    def checked(context: typer.Context, parameter: typer.CallbackParam, text: str | None) -> int | float | None:
        if text is None or context.resilient_parsing:
            return None
        try:
            return read(str(text))
        except ValueError:
            fail(f"{max(parameter.opts, key=len)} is {text!r}: expected {expected}")

    # The text comes as it is: typer's own words for what is wrong with it are another program's.
    return typer.Option(help=help, metavar="N", parser=str, callback=checked)


World = Annotated[
    str,
    typer.Option(
        help="The world; `slategym worlds` lists them. Or one of yours: my_shop.py:Bookshop.",
        metavar="NAME",
        autocompletion=completion.worlds,
    ),
]
Options = Annotated[
    list[str] | None,
    typer.Option(
        "--option", help="Of the world, several times if need be; `slategym worlds NAME` lists them.", metavar="NAME=VALUE"
    ),
]
UserModel = Annotated[
    str | None, typer.Option(help="How shoppers answer, instead of the world's own: my_shop.py:Impatient.", metavar="FILE:NAME")
]
ClickModel = Annotated[
    str | None,
    typer.Option(
        help="Click model, by name (cascade) or in a file of yours (my_clicks.py:Skimming); by default the user model's own.",
        metavar="NAME",
        autocompletion=completion.choices,
    ),
]
Shoppers = Annotated[int, count("Shoppers in the shop at once: the size of a step.")]
Slates = Annotated[int, count("Slates of each run.")]
Seeds = Annotated[int, count("How many; each brings every agent the same shoppers.")]
Processes = Annotated[int | None, count("At once; by default one a core.")]
Timeout = Annotated[float, amount("Seconds that loading, and each check, may take.", above=True)]
Objectives = Annotated[
    str | None,
    typer.Option(
        help="What is earned, such as click,profit,diversity; by default clicks and conversions.",
        metavar="NAME,NAME,...",
        autocompletion=completion.objectives,
    ),
]
Scalarizer = Annotated[
    str | None,
    typer.Option(
        help="What the agent follows instead of fixed weights: nash, lagrangian:click>=0.3, ...; several are each compared.",
        metavar="NAME,...",
        autocompletion=completion.scalarizers,
    ),
]
Weights = Annotated[
    str | None,
    typer.Option(help="What one of each objective is worth; by default 1, and a conversion 10.", metavar="N,N,..."),
]
Out = Annotated[Path | None, typer.Option(help="Where the results go; a folder under runs/ by default.", metavar="FOLDER")]
Force = Annotated[bool, typer.Option("--force", help="Overwrite the finished run that the folder holds.")]

LARGEST_SEED = 2**64 - 1
_WORDS = {"true": True, "false": False, "none": None}
_KINDS: Mapping[Any, tuple[Callable[[str], Any], str]] = {
    bool: (lambda text: {"true": True, "false": False}[text.lower()], "true or false"),
    int: (whole, "a whole number, such as 1000 or 1e5"),
    float: (float, "a number"),
    str: (str, "a text"),
}


def read_world(
    name: str,
    texts: list[str] | None,
    user_model: str | None = None,
    click_model: str | None = None,
    objectives: str | None = None,
) -> tuple[simulated.World, dict[str, Any]]:
    """The world that the options ask for, and the options as its configuration keeps them.

    Raises:
        ValueError: there is no such world, user model, click model, objective or option.
    """
    from slategym.sim.worlds import make_world

    given = read_options(name, texts)
    for option, value in (("user_model", user_model), ("click_model", click_model), ("objectives", objectives)):
        if value is not None:
            given[option] = value
    return make_world(name, **given), given


def read_weights(text: str | None, world: simulated.World) -> tuple[float, ...]:
    """ "1,10" as numbers; None is what the world says each objective is worth.

    Raises:
        ValueError: not one finite number for each objective, with commas between them.
    """
    if text is None:
        return tuple(float(weight) for weight in world.weights)
    try:
        weights = tuple(float(part) for part in text.split(","))
    except ValueError:
        weights = ()
    if len(weights) != len(world.objective_names) or not all(map(isfinite, weights)):
        example = ",".join(f"{weight:g}" for weight in world.weights)
        raise ValueError(
            f"--weights is {text!r}: expected a number for each of {' and '.join(world.objective_names)}, as {example}"
        )
    return weights


def read_scalarizers(text: str | None, world: simulated.World) -> list[str]:
    """ "nash,fixed:1,10" as texts of scalarizers, each of which fits the world.

    Raises:
        ValueError: there is no such scalarizer, it does not fit the objectives, or no mixture of slates meets its constraints.
    """
    if text is None:
        return []
    from slategym.agents.scalarizers import make_scalarizer, split_scalarizers
    from slategym.bench.execution.regret import RegretBaseline, reference_of

    texts, reference = split_scalarizers(text), reference_of(world)
    for each in texts:
        make_scalarizer(each, world.objective_names, reference, weights=world.weights)
        if "lagrangian" in each:  # are its bounds within reach?
            RegretBaseline.of(world, each, reference)
    return texts


def read_agents(text: str, world: simulated.World) -> list[str]:
    """ "random,lin-ts" as names.

    Raises:
        ValueError: there is no such agent, it does not fit the world, or one is named twice.
    """
    names = [name.strip() for name in text.split(",") if name.strip()]
    for name in names:
        check_agent(name, world)
        if names.count(name) > 1:
            raise ValueError(f"--agents names {name!r} twice: name each agent once")
    if not names:
        raise ValueError("--agents names no agent: expected names with commas between them, as random,lin-ts")
    return names


def check_agent(name: str, world: simulated.World) -> None:
    """Find an agent before the run begins; one that the user brings is made once, to see whether it fits.

    Raises:
        ValueError: there is no such agent, or it does not fit the world.
        ImportError: it needs a library that is not installed.
    """
    from slategym.agents.registry import check_name, is_brought, make_agent
    from slategym.sim.simulation import Simulation

    check_name(name)
    if is_brought(name):
        make_agent(name, Simulation(world, 0, 1))


def read_options(world: str, texts: list[str] | None) -> dict[str, Any]:
    """ "items=100" and the like as arguments of a world, of the kinds that it takes.

    Raises:
        ValueError: no name, a value of another kind, or no such world.
    """
    from slategym.sim.worlds import world_options

    known = world_options(world) if texts else {}
    options = {}
    for text in texts or []:
        name, equals, value = text.partition("=")
        if not (name and equals):
            raise ValueError(f"--option is {text!r}: expected a name and a value, as items=100")
        options[name] = _value(text, value, known.get(name))
    return options


def _value(text: str, value: str, option: Option | None) -> Any:
    """A value of the kind that the option takes; of one that is not known, whatever the text looks like."""
    kind = option.kind if option else None
    if option is None or kind not in _KINDS or (value.lower() == "none" and option.default is None):
        return _guess(value)
    read, expected = _KINDS[kind]
    try:
        return read(value)
    except (ValueError, KeyError):
        default = "" if option.default is REQUIRED else f"; {option.default!r} is the default"
        raise ValueError(f"--option {text}: expected {expected}{default}") from None


def _guess(text: str) -> Any:
    if text.lower() in _WORDS:
        return _WORDS[text.lower()]
    try:
        return json.loads(text)
    except ValueError:
        return text
