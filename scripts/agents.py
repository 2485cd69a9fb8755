"""Lists the agents: `slategym agents`."""

from __future__ import annotations

import typer

from slategym.scripts.terminal import console, start, table


def agents() -> None:
    """List the agents, a line each."""
    from slategym.agents.registry import AGENTS, BROUGHT, PEERS

    lines = table("agent", "what it does")
    lines.columns[1].justify = "left"
    for name, description in (AGENTS | BROUGHT).items():
        lines.add_row(name, description)
    console().print(lines)
    typer.echo('\nWith the libraries of pip install "slategym[peers]":\n')
    others = table("agent", "what it does")
    others.columns[1].justify = "left"
    for name, description in PEERS.items():
        others.add_row(name, description)
    console().print(others)


if __name__ == "__main__":
    start(agents)
