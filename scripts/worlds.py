"""Lists the worlds: `slategym worlds`, or all about one of them: `slategym worlds Shop-v0`."""

from __future__ import annotations

import inspect
from typing import Annotated

import typer

from slategym.scripts.terminal import console, fill, mistakes, start, table


def worlds(
    name: Annotated[str | None, typer.Argument(help="All about this one: its options, what is observed, what is earned.")] = None,
) -> None:
    """List the worlds, a line each."""
    from slategym.sim.names import choose
    from slategym.sim.objectives import OBJECTIVES
    from slategym.sim.worlds import WORLDS, make_world

    if name is None:
        lines = table("world", "what it is")
        lines.columns[1].justify = "left"
        for known, function in WORLDS.items():
            lines.add_row(known, (inspect.getdoc(function) or "").split("\n")[0].split(". ")[0].removeprefix(f"{known}: "))
        console().print(lines)
        return
    with mistakes():
        function = choose("world", name.removeprefix("slategym/"), WORLDS)
    world = make_world(name)
    typer.echo(fill(inspect.getdoc(function) or ""))
    typer.echo(f"\n{world.catalog.size} items, slates of {world.slate_size}, up to {world.visits} visits. The observation:")
    typer.echo(world.layout.describe())
    typer.echo("\nObjectives, what a slate earns of each; any of them, in any order, by --objectives:")
    lines = table("objective", "unit", "range of a step", "what it is", "the oracle")
    for column in (1, 2, 3, 4):
        lines.columns[column].justify = "left"
    for objective in OBJECTIVES.values():
        low, high = objective.bounds(world)
        oracle = "exact" if objective.oracle_exact(world) and world.user_model.choice.exact else "approximate"
        lines.add_row(objective.name, objective.unit, f"{low:.3g} to {high:.3g}", objective.meaning, oracle)
    console().print(lines)


if __name__ == "__main__":
    start(worlds)
