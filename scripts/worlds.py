"""Lists the worlds: `slategym worlds`, or all about one of them: `slategym worlds Shop-v0`."""

from __future__ import annotations

import inspect
from typing import Annotated

import typer

from slategym.scripts.terminal import console, fill, mistakes, start, table


def worlds(name: Annotated[str | None, typer.Argument(help="All about this one: its options, what is observed.")] = None) -> None:
    """List the worlds, a line each."""
    from slategym.sim.names import choose
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


if __name__ == "__main__":
    start(worlds)
