"""The results of a sweep as the terminal shows them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import typer

from slategym.bench.format import ends, number, percent, percent_ends
from slategym.bench.statistics import Estimate
from slategym.scripts.terminal import console, table


def print_sweep(result: Mapping[str, Any]) -> None:
    """Print the indicators and the scalarizers' regret, each with its interval below it."""
    front, names = result["front"], result["config"]["objectives"]
    utopia, nadir = (
        ", ".join(f"{name} {value:.4g}" for name, value in zip(names, front[end], strict=True)) for end in ("utopia", "nadir")
    )
    typer.echo(f"\nexact front ({front['oracle']}, tolerance {front['precision']:.2g})\n  utopia  {utopia}\n  nadir   {nadir}")
    if result["agents"]:
        lines = table("agent", "hypervolume", "expected utility", "IGD+", "covered")
        ordered = sorted(result["agents"].items(), key=lambda agent: -agent[1]["hypervolume_share"]["mean"])
        for name, row in [*ordered, ("(best achievable)", result["best"])]:
            share, utility, distance, covered = (
                Estimate.from_json(row[part]) for part in ("hypervolume_share", "expected_utility", "igd_plus", "covered")
            )
            lines.add_row(name, _percent(share), _number(utility), _number(distance), _percent(covered))
        typer.echo()
        console().print(lines)
    if result["adaptive"]:
        lines = table("agent, scalarizer", "utility", "best achievable", "regret")
        for row in result["adaptive"]:
            utilities = (f"{row[name]['mean']:.4f}" for name in ("utility", "optimum"))
            lines.add_row(f"{row['agent']}, {row['scalarizer']}", *utilities, _number(Estimate.from_json(row["regret"])))
        typer.echo()
        console().print(lines)
    for note in result["notes"]:
        typer.echo(note)


def _number(estimate: Estimate) -> str:
    return f"{number(estimate.mean, 3)}\n{ends(estimate, 3)}".rstrip()


def _percent(estimate: Estimate) -> str:
    return f"{percent(estimate.mean)}\n{percent_ends(estimate).removesuffix(' %')}".rstrip()
