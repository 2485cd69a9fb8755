"""The options that several commands share, and the functions that read their values."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from slategym.scripts.common import completion
from slategym.scripts.common.terminal import fail
from slategym.utils.integers import whole
from slategym.utils.ranges import (
    Count,
    NonNegative,
    Positive,
    ProcessCount,
    SeedCount,
    ShopperCount,
    SlateCount,
    range_of,
)

if TYPE_CHECKING:
    from slategym.sim import world as simulated


def count(help: str, kind: Any = Count) -> Any:
    """An option that takes a whole number (100000, 100_000 or 1e5) in the range of an annotation.

    Args:
        help: text for `--help`.
        kind: an annotation with a range, such as `Count`.
    """
    limits = range_of(kind)

    def read(text: str) -> int:
        value = whole(text)
        if value not in limits:
            raise ValueError
        return value

    return _option(help, read, f"a whole number {limits}, such as 1000 or 1e5")


def amount(help: str, kind: Any = NonNegative) -> Any:
    """An option that takes a finite number in the range of an annotation.

    Args:
        help: text for `--help`.
        kind: an annotation with a range, such as `NonNegative`.
    """
    limits = range_of(kind)

    def read(text: str) -> float:
        value = float(text)
        if not isfinite(value) or value not in limits:
            raise ValueError
        return value

    return _option(help, read, f"a number {limits}")


def _option(help: str, read: Callable[[str], int | float], expected: str) -> Any:
    def checked(context: typer.Context, parameter: typer.CallbackParam, text: str | None) -> int | float | None:
        if text is None or context.resilient_parsing:
            return None
        try:
            return read(str(text))
        except ValueError:
            fail(f"{max(parameter.opts, key=len)} is {text!r}: expected {expected}")

    # Read as text and parsed here, so that the error message is ours rather than Typer's.
    return typer.Option(help=help, metavar="N", parser=str, callback=checked)


World = Annotated[
    str,
    typer.Option(
        help="World: Shop-v0, Shop-v0:items=1000,candidates=50, or my_shop.py:Bookshop (runs the file); see `slategym worlds`.",
        metavar="NAME[:OPTION=VALUE,...]",
        autocompletion=completion.worlds,
    ),
]
Agents = Annotated[
    list[str] | None,
    typer.Option(
        "--agent",
        help="Agent: lin-ts, lin-ts:alpha=0.1, my_agent.py:Mine or sb3:model.zip (runs its code); repeatable.",
        metavar="NAME[:OPTION=VALUE,...]",
        autocompletion=completion.agents,
    ),
]
UserModel = Annotated[
    str | None,
    typer.Option(
        help="User model to use instead of the world's: my_shop.py:Impatient (runs the file), or a saved agent that estimates "
        "clicks and conversions, such as my_model.agent.",
        metavar="FILE:NAME[:OPTION=VALUE,...]",
    ),
]
ClickModel = Annotated[
    str | None,
    typer.Option(
        help="Click model to use instead of the user model's: cascade, position-based:decay=0.9, my_clicks.py:Skimming.",
        metavar="NAME[:OPTION=VALUE,...]",
        autocompletion=completion.click_models,
    ),
]
Shoppers = Annotated[int, count("Batch size (shoppers simulated together).", ShopperCount)]
Slates = Annotated[int, count("Slates per run.", SlateCount)]
Seeds = Annotated[int, count("Number of seeds; with the same seed, all agents get the same shoppers.", SeedCount)]
Processes = Annotated[int | None, count("Parallel processes (default: one per core).", ProcessCount)]
Cluster = Annotated[
    str | None,
    typer.Option(
        help="Run on a Ray cluster: local, or HOST:PORT of the head node of a running cluster.", metavar="local|ADDRESS"
    ),
]
Timeout = Annotated[float, amount("Time limit in seconds, for loading and for each check.", Positive)]
Objectives = Annotated[
    list[str] | None,
    typer.Option(
        "--objective",
        help="Objective to learn: click, profit, my_shop.py:calm, ...; repeatable (default: click and conversion).",
        metavar="NAME",
        autocompletion=completion.objectives,
    ),
]
Scalarizers = Annotated[
    list[str] | None,
    typer.Option(
        "--scalarizer",
        help="Scalarizer to optimise instead of fixed weights: nash, lagrangian:click>=0.3, ...; repeatable for comparison.",
        metavar="NAME[:OPTION=VALUE,...]",
        autocompletion=completion.scalarizers,
    ),
]
OneScalarizer = Annotated[
    list[str] | None,  # a list, so that a second one is refused instead of replacing the first
    typer.Option(
        "--scalarizer",
        help="Scalarizer to optimise instead of fixed weights: nash, lagrangian:click>=0.3, ...; at most one.",
        metavar="NAME[:OPTION=VALUE,...]",
        autocompletion=completion.scalarizers,
    ),
]
Weights = Annotated[
    str | None,
    typer.Option(help="Weight of each objective (default: conversion 10, others 1).", metavar="N,N,..."),
]
Exact = Annotated[
    str,
    typer.Option(
        "--exact",
        help="Slates whose expected value and regret are computed exactly: sampled (fast), every, or off.",
        metavar="sampled|every|off",
    ),
]
Staggered = Annotated[
    bool,
    typer.Option(
        "--staggered/--not-staggered",
        help="Shorten the first shoppers' episodes so that episodes do not all end at the same step.",
    ),
]
Columns = Annotated[
    str | None,
    typer.Option(
        help="Meaning of columns that are not recognised by their names: "
        "click=is_clicked,item=product_id,context=age+country,ignore=url.",
        metavar="MEANING=COLUMN,...",
    ),
]
LogFile = Annotated[
    Path,
    typer.Argument(
        help="Log: a CSV or Parquet file, or an output folder of `slategym simulate`.", metavar="LOG", show_default=False
    ),
]
FittedWorld = Annotated[
    str | None,
    typer.Option(
        "--world",
        help="World fitted to the log with `slategym fit LOG --out FOLDER`, so that trained agents can act in it.",
        metavar="FOLDER",
    ),
]
Encoding = Annotated[str | None, typer.Option(help="Encoding of a CSV file, if neither UTF-8 nor UTF-16.", metavar="NAME")]
Out = Annotated[Path | None, typer.Option(help="Output folder (default: a folder under runs/).", metavar="FOLDER")]
Force = Annotated[bool, typer.Option("--force", help="Start again, and overwrite the results in the folder.")]
CheckpointEvery = Annotated[
    float, amount("Seconds between checkpoints; after a kill the same command continues from the last one. 0: none.")
]


def read_word(option: str, text: str, words: tuple[str, ...]) -> Any:
    """Check that a value is one of the allowed words, and return it.

    Args:
        option: name of the option, for the message.
        text: its value.
        words: the allowed values.

    Raises:
        ValueError: it is not one of them.
    """
    if text not in words:
        raise ValueError(f"{option} is {text!r}: expected {', '.join(words[:-1])} or {words[-1]}")
    return text


def read_share(option: str, text: str) -> float:
    """Read a share such as 1% or 0.01.

    Args:
        option: name of the option, for the message.
        text: its value.

    Raises:
        ValueError: it is not a number from 0 to below 1.
    """
    try:
        share = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    except ValueError:
        share = -1.0
    if not 0 <= share < 1:
        raise ValueError(f"{option} is {text!r}: expected a share such as 1% or 0.01")
    return share


LEARNED = "slategym.agents.saved.learned_shoppers:LearnedShoppers"  # the user model made of a saved agent


def read_world(
    text: str, user_model: str | None = None, click_model: str | None = None, objectives: list[str] | None = None
) -> tuple[simulated.World, dict[str, Any]]:
    """Make the world that the command's options describe.

    Args:
        text: value of --world.
        user_model: value of --user-model.
        click_model: value of --click-model.
        objectives: values of --objective.

    Returns:
        The world, and its options as the configuration records them.

    Raises:
        ValueError: there is no such world, user model, click model, objective or option.
    """
    from slategym.sim.worlds import make_world, read_world_options

    name, given = read_world_options(text)
    for option, value in (("user_model", user_model), ("click_model", click_model), ("objectives", objectives)):
        if value and option in given:
            raise ValueError(f"--world gives {option}={given[option]!r}, and another option gives it too: give it once")
        if value:
            given[option] = value
    if str(given.get("user_model", "")).endswith(".agent"):
        given["user_model"] = f"{LEARNED}:path={given['user_model']}"
    return make_world(name, **given), given


def read_weights(text: str | None, world: simulated.World) -> tuple[float, ...]:
    """Read the value of --weights, such as 1,10.

    Args:
        text: the value; None for the world's default weights.
        world: whose objectives are weighted.

    Raises:
        ValueError: it is not one finite number per objective, separated by commas.
    """
    return weights_of(text, world.objective_names, world.weights)


def weights_of(text: str | None, names: Sequence[str], usual: Sequence[float]) -> tuple[float, ...]:
    """Read the value of --weights, such as 1,10.

    Args:
        text: the value; None for the default weights.
        names: names of the objectives.
        usual: the default weights.

    Raises:
        ValueError: it is not one finite number per objective, separated by commas.
    """
    if text is None:
        return tuple(float(weight) for weight in usual)
    try:
        weights = tuple(float(part) for part in text.split(","))
    except ValueError:
        weights = ()
    if len(weights) != len(names) or not all(map(isfinite, weights)) or not any(weights):
        example = ",".join(f"{weight:g}" for weight in usual)
        raise ValueError(
            f"--weights is {text!r}: expected a number for each of {' and '.join(names)}, not all 0, such as {example}"
        )
    return weights


def read_scalarizers(texts: list[str] | None, world: simulated.World) -> list[str]:
    """Check that each scalarizer fits the world, and return them.

    Args:
        texts: values of --scalarizer.
        world: where they are used.

    Raises:
        ValueError: a scalarizer does not exist or does not fit the objectives, no mixture of slates meets its constraints, or it
            is named twice.
    """
    if not texts:
        return []
    from slategym.agents.scalarizers import make_scalarizer
    from slategym.bench.execution.regret import RegretBaseline, reference_of

    _check_once("--scalarizer", texts)
    reference = reference_of(world)
    for text in texts:
        scalarizer = make_scalarizer(text, world.objective_names, reference, weights=world.weights)
        if any(part.constraints for _, part in scalarizer.parts):  # raises where no mixture of slates meets them
            RegretBaseline.of(world, scalarizer, reference)
    return texts


def read_agents(texts: list[str], world: simulated.World) -> list[str]:
    """Check that each agent fits the world, and return them.

    Args:
        texts: values of --agent.
        world: where they act.

    Raises:
        ValueError: an agent does not exist, does not fit the world, or is named twice.
    """
    _check_once("--agent", texts)
    for text in texts:
        check_agent(text, world)
    return texts


def check_agent(text: str, world: simulated.World) -> None:
    """Check an agent before the run begins. A custom agent, or one with options, is created once to see whether it fits.

    Args:
        text: its name and options.
        world: where it acts.

    Raises:
        ValueError: there is no such agent or option, or it does not fit the world.
        ImportError: it needs a library that is not installed.
    """
    from slategym.agents.registry import check_name, is_custom, make_agent
    from slategym.sim.simulation import Simulation
    from slategym.utils.specification import split_options

    check_name(text)
    if is_custom(text) or split_options(text)[1]:
        make_agent(text, Simulation(world, 0, 1))


def _check_once(option: str, texts: list[str]) -> None:
    for text in texts:
        if "," in text and "=" not in text and ".py" not in text:
            names = " ".join(f"{option} {name.strip()}" for name in text.split(",") if name.strip())
            raise ValueError(f"{option} takes one name, and {text} contains several: repeat the option, {names}")
        if texts.count(text) > 1:
            raise ValueError(f"{option} names {text!r} twice: name it once")
