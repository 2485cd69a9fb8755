"""Lists the agents and the scalarizers: `slategym agents`."""

from __future__ import annotations

import typer

from slategym.scripts.terminal import console, start, table


def agents() -> None:
    """List the agents, and the goals they can follow, a line each."""
    from slategym.agents.registry import AGENTS, BROUGHT, PEERS, SEARCHERS
    from slategym.agents.scalarizers.names import SCALARIZERS

    _show(AGENTS | BROUGHT)
    for extra, agents in (("mo", SEARCHERS), ("peers", PEERS)):
        typer.echo(f'\nWith the libraries of pip install "slategym[{extra}]":\n')
        _show(agents)
    typer.echo("\nGoals, for --scalarizer; without one agents follow the fixed --weights:\n")
    _show(SCALARIZERS | {"my_goals.py:Mine": "a custom one: a subclass of slategym.Scalarizer"}, "scalarizer", "what it wants")


def _show(agents: dict[str, str], kind: str = "agent", meaning: str = "what it does") -> None:
    lines = table(kind, meaning)
    lines.columns[1].justify = "left"
    for name, description in agents.items():
        lines.add_row(name, description)
    console().print(lines)


if __name__ == "__main__":
    start(agents)
