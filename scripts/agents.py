"""The command `slategym agents`: lists the agents and scalarizers, or the options of one agent."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Annotated

import typer

from slategym.scripts.common import completion
from slategym.scripts.common.terminal import console, fill, mistakes, options_table, start, table


def agents(
    name: Annotated[
        str | None,
        typer.Argument(
            help="Agent whose options to show: lin-ts, sb3:PPO, my_agent.py:Mine, ...", autocompletion=completion.agents
        ),
    ] = None,
) -> None:
    """List agents and scalarizers, or show an agent's options."""
    if name is None:
        _list()
    else:
        _show(name)


def _list() -> None:
    from slategym.agents.known import AGENTS, CUSTOM
    from slategym.agents.scalarizers.names import SCALARIZERS

    specs = AGENTS.values()
    _print({spec.name: spec.summary for spec in specs if not spec.extra}, "agent", "description")
    for extra in dict.fromkeys(spec.extra for spec in specs if spec.extra):
        typer.echo(f'\nThese need pip install "slategym[{extra}]":\n')
        _print({spec.name: spec.summary for spec in specs if spec.extra == extra}, "agent", "description")
    typer.echo("\nCustom agents, by file and name:\n")
    _print(CUSTOM, "agent", "description")
    typer.echo("\nOptions follow the name, as in lin-ts:alpha=0.1,ridge=2;\nslategym agents NAME lists them.")
    typer.echo("\nScalarizers, for --scalarizer (without it, agents optimise the fixed --weights):\n")
    custom = {"my_goals.py:Mine": "a custom scalarizer: a subclass of slategym.Scalarizer"}
    _print({spec.name: spec.summary for spec in SCALARIZERS.values()} | custom, "scalarizer", "utility")


def _show(name: str) -> None:
    from slategym.agents.registry import agent_options, agent_spec, load_agent
    from slategym.bench.tuning.recorded import recorded

    with mistakes():
        options, spec = agent_options(name), agent_spec(name)
        if spec is None:
            typer.echo(f"{fill((inspect.getdoc(load_agent(name)) or name).split(chr(10))[0])}\n")
        else:
            typer.echo(f"{fill(f'{name}: {spec.summary}')}\n")
    if not options:
        typer.echo("This agent has no options.")
        return
    console().print(options_table(options.values()))
    search = recorded(name)
    first = next(iter(options))
    typer.echo(f"\nOptions follow the name: --agent {name}:{first}=VALUE")
    if search is not None:
        are_defaults = all(options[each].default == value for each, value in search.settings.items() if each in options)
        told = "The defaults come from a recorded search" if are_defaults else f"A recorded search found {search.text}"
        told = told if search.settings else "A recorded search found nothing better than the defaults"
        typer.echo(f"\n{fill(f'{told} (benchmark --tuned). To repeat the search:')}\n{search.command}")


def _print(summaries: Mapping[str, str], kind: str, meaning: str) -> None:
    lines = table(kind, meaning)
    lines.columns[1].justify = "left"
    for name, summary in summaries.items():
        lines.add_row(name, summary)
    console().print(lines)


if __name__ == "__main__":
    start(agents)
