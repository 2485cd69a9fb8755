"""Lists the agents: `slategym agents`."""

from __future__ import annotations

import typer

from slategym.scripts.terminal import console, start, table


def agents() -> None:
    """List the agents, a line each."""
    from slategym.agents.registry import AGENTS, BROUGHT, PEERS, SEARCHERS

    _show(AGENTS | BROUGHT)
    for extra, agents in (("mo", SEARCHERS), ("peers", PEERS)):
        typer.echo(f'\nWith the libraries of pip install "slategym[{extra}]":\n')
        _show(agents)


def _show(agents: dict[str, str]) -> None:
    lines = table("agent", "what it does")
    lines.columns[1].justify = "left"
    for name, description in agents.items():
        lines.add_row(name, description)
    console().print(lines)


if __name__ == "__main__":
    start(agents)
