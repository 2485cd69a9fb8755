"""The command `slategym worlds`: lists the worlds, or describes one of them."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Annotated

import typer

from slategym.scripts.common import completion
from slategym.scripts.common.terminal import console, fill, mistakes, options_table, start, table

if TYPE_CHECKING:
    from rich.table import Table

    from slategym.sim.world import World


def worlds(
    name: Annotated[
        str | None,
        typer.Argument(
            help="World to describe, such as Shop-v0 or my_shop.py:Bookshop: its options, observation and objectives.",
            autocompletion=completion.worlds,
        ),
    ] = None,
) -> None:
    """List the worlds, or describe one of them."""
    from slategym.sim.worlds import WORLDS, find_world, make_world, world_options
    from slategym.utils.options import REQUIRED, without_arguments

    if name is None:
        lines = _words("world", "description")
        for known, function in WORLDS.items():
            lines.add_row(known, (inspect.getdoc(function) or "").split("\n")[0].split(". ")[0].removeprefix(f"{known}: "))
        console().print(lines)
        return
    with mistakes():
        maker, options = find_world(name), world_options(name)
        needed = [option.name for option in options.values() if option.default is REQUIRED]
        world = None if needed else make_world(name)
    doc = without_arguments(inspect.getdoc(maker) or "") if callable(maker) else ""
    if doc:
        typer.echo(f"{fill(doc)}\n")
    typer.echo(fill("Options, as in Shop-v0:items=1000; every world also has --user-model, --click-model and --objective:"))
    flags = ("user_model", "click_model", "objectives")
    console().print(options_table(option for option_name, option in options.items() if option_name not in flags))
    if world is None:
        typer.echo(f"\nNo default for {', '.join(needed)}: give a value to see the observation and the objectives.")
        return
    typer.echo(f"\n{world.catalog.size} items, slates of {world.slate_size}, up to {world.visits} visits. The observation:")
    typer.echo(world.layout.describe())
    typer.echo("\nObjectives, with the range of the reward of one slate; choose with --objective NAME (repeatable):")
    console().print(_of_objectives(world))


def _of_objectives(world: World) -> Table:
    from slategym.sim.objectives import known_objectives

    lines = _words("objective", "unit", "reward range", "meaning", "oracle")
    for objective in (
        known_objectives(world.user_model.behaviours) | {objective.name: objective for objective in world.objectives}
    ).values():
        low, high = objective.bounds(world)
        oracle = "exact" if objective.oracle_exact(world) and world.user_model.click_model.exact else "approximate"
        lines.add_row(objective.name, objective.unit, f"{low:.3g} to {high:.3g}", objective.meaning, oracle)
    return lines


def _words(*columns: str) -> Table:
    """An empty table whose columns are all left-aligned, for words."""
    lines = table(*columns)
    for column in lines.columns:
        column.justify = "left"
    return lines


if __name__ == "__main__":
    start(worlds)
