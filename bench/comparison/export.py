"""Exports the tables of a benchmark as CSV and LaTeX, and its curves as Parquet."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from io import StringIO
from pathlib import Path
from typing import Any

from slategym.bench.comparison.results import by_scalarizer, ranking
from slategym.bench.format import decimals, number
from slategym.bench.statistics import Estimate
from slategym.utils.storage.files import write_bytes, write_text

SPECIAL = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    **{each: f"\\{each}" for each in "&%$#_{}"},
}
HEADS = {
    "value_per_episode": "value per episode",
    "value": "value per slate",
    "share_of_best_known": "share of oracle-episode",
    "share_of_context": "share of context",
    "share_of_oracle": "share of oracle",
    "regret_per_slate": "regret",
}


def export(results: Mapping[str, Any], folder: Path) -> list[Path]:
    """Write the tables of a benchmark.

    Args:
        results: the content of results.json, with at least one agent.
        folder: an existing folder.

    Returns:
        The files: agents.csv (a row for each agent and metric), seeds.csv (each agent, seed and metric), pairs.csv,
        references.csv and segments.csv if there are any, leaderboard.tex (booktabs) and curves.parquet (each agent, metric and
        point).

    Raises:
        ValueError: the results contain no agent.
        WriteError: a file cannot be written.
    """
    if not results.get("agents"):
        raise ValueError("the results contain no agent: expected results['agents'] to have at least one, with its estimates")
    estimate = ("mean", "low", "high")
    tables: dict[str, tuple[Sequence[str], list[Sequence[Any]]]] = {
        "agents": (("agent", "metric", *estimate), _estimates(results["agents"], estimate)),
        "seeds": (("agent", "seed", "metric", "value"), _seeds(results["agents"])),
        "pairs": (tuple(results["pairs"][0]) if results["pairs"] else (), [tuple(pair.values()) for pair in results["pairs"]]),
        "references": (("policy", "metric", *estimate), _estimates(results.get("references") or {}, estimate)),
        "segments": (
            ("agent", "segment", "metric", *estimate),
            [(name, *row) for name, found in (results.get("segments") or {}).items() for row in _estimates(found, estimate)],
        ),
    }
    written = []
    for name, (head, rows) in tables.items():
        if rows:
            written.append(folder / f"{name}.csv")
            write_text(written[-1], _csv([head, *rows]))
    written.append(folder / "leaderboard.tex")
    write_text(written[-1], latex(results))
    written.append(folder / "curves.parquet")
    write_bytes(written[-1], _parquet(results["curves"]))
    return written


def latex(results: Mapping[str, Any]) -> str:
    """The leaderboard as a LaTeX table for the package booktabs; with scalarizers, one table for each.

    Args:
        results: the content of results.json.
    """
    if results["config"].get("scalarizers"):
        return "\n".join(
            f"% {name}\n{latex({**found, 'config': _single(found)})}" for name, found in by_scalarizer(results).items()
        )
    agents, first = results["agents"], ranking(results["config"])
    metrics = [first, *(metric for metric in HEADS if metric != first)]
    metrics = [
        metric for metric in metrics if any((agent.get(metric) or {}).get("mean") is not None for agent in agents.values())
    ]
    ordered = sorted(agents, key=lambda name: -(agents[name][first]["mean"] or 0.0))
    columns = {metric: [Estimate.from_json(agents[name].get(metric)) for name in ordered] for metric in metrics}
    places = {metric: decimals(column) for metric, column in columns.items()}
    lines = [
        f"\\begin{{tabular}}{{l{'r' * len(metrics)}}}",
        "\\toprule",
        " & ".join(["agent", *(_escaped(HEADS[metric]) for metric in metrics)]) + r" \\",
        "\\midrule",
    ]
    for row, name in enumerate(ordered):
        cells = (_cell(columns[metric][row], metric, places[metric]) for metric in metrics)
        lines.append(" & ".join([_escaped(name), *cells]) + r" \\")
    return "\n".join([*lines, "\\bottomrule", "\\end{tabular}", ""])


def _single(results: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in results["config"].items() if key != "scalarizers"}


def _cell(estimate: Estimate, metric: str, places: int) -> str:
    """A mean with half the width of its interval."""
    if estimate.mean is None:
        return "--"
    scale, sign = (100, r"\,\%") if metric.startswith("share_") else (1, "")
    digits = max(places - 2, 0) if scale == 100 else places
    text = number(scale * estimate.mean, digits)
    if estimate.interval:
        text += rf" \pm {number(scale * (estimate.interval[1] - estimate.interval[0]) / 2, digits)}"
    return f"${text.replace('−', '-').replace(',', '{,}')}${sign}"


def _escaped(text: str) -> str:
    return "".join(SPECIAL.get(letter, letter) for letter in text)


def _estimates(found: Mapping[str, Any], parts: Sequence[str]) -> list[Sequence[Any]]:
    return [
        (name, metric, *(estimate[part] for part in parts))
        for name, metrics in found.items()
        for metric, estimate in metrics.items()
        if isinstance(estimate, Mapping) and "mean" in estimate
    ]


def _seeds(agents: Mapping[str, Any]) -> list[Sequence[Any]]:
    return [
        (name, seed, metric, values[place])
        for name, agent in agents.items()
        for place, seed in enumerate(agent["seeds"]["seed"])
        for metric, values in agent["seeds"].items()
        if metric != "seed"
    ]


def _csv(rows: Iterable[Sequence[Any]]) -> str:
    text = StringIO()
    csv.writer(text, lineterminator="\n").writerows([["" if cell is None else cell for cell in row] for row in rows])
    return text.getvalue()


def _parquet(curves: Mapping[str, Any]) -> bytes:
    """A table in long format: agent, metric, slates shown, mean, low and high."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns: dict[str, list[Any]] = {name: [] for name in ("agent", "metric", "slates", "mean", "low", "high")}
    for name, curve in curves.items():
        for metric, found in curve.items():
            if metric == "slates":
                continue
            count = len(curve["slates"])
            columns["agent"] += [name] * count
            columns["metric"] += [metric] * count
            columns["slates"] += curve["slates"]
            for part in ("mean", "low", "high"):
                columns[part] += found[part]
    schema = pa.schema(
        {
            "agent": pa.string(),
            "metric": pa.string(),
            "slates": pa.int64(),
            **dict.fromkeys(("mean", "low", "high"), pa.float64()),
        }
    )
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table(columns, schema), sink)
    return bytes(sink.getvalue())
