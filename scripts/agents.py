"""Lists the agents: `slategym agents`."""

from __future__ import annotations

from slategym.scripts.terminal import console, start, table


def agents() -> None:
    """List the agents, a line each."""
    from slategym.agents.registry import AGENTS

    lines = table("agent", "what it does")
    lines.columns[1].justify = "left"
    for name, description in AGENTS.items():
        lines.add_row(name, description)
    console().print(lines)


if __name__ == "__main__":
    start(agents)
