"""The results of `slategym throughput` as tables, for the terminal and, in Markdown, for a page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Table:
    """A table of text.

    Attributes:
        title: of the table.
        columns: heads.
        rows: of cells.
        numbers: how many of the last columns hold numbers; the first ones hold words.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numbers: int


def tables(result: Mapping[str, Any], *, wide: bool = True) -> list[Table]:
    """Speeds, targets and, if it was counted, the floor of a throughput result; `wide` adds in words what each row measures."""
    return [speeds(result["rows"], wide), goals(result["goals"]), *([floor(result)] if "floor" in result else [])]


def speeds(rows: Sequence[Mapping[str, Any]], wide: bool = True) -> Table:
    """Slates/s and ns/slate of the fastest round of each row, and the median round relative to it."""
    made = []
    for row in rows:
        words = (row["name"], *((row["what"], row["threads"]) if wide else ()))
        if "left_out" in row:
            made.append((*words, "left out", "", ""))
        else:
            lower = row["median"] / row["slates_per_second"]
            made.append((*words, f"{row['slates_per_second']:,.0f}", f"{row['nanoseconds_per_slate']:,.0f}", f"{lower:.2f}"))
    columns = ("row", *(("what is done", "threads") if wide else ()), "slates/s", "ns/slate", "median/best")
    return Table("Speed", columns, tuple(made), 3)


def goals(evaluated: Sequence[Mapping[str, Any]]) -> Table:
    """The ratio of each target, its target value, and whether it passed."""
    rows = []
    for target in evaluated:
        value = "not measured" if target["value"] is None else ratio_text(target["value"])
        passed = {True: "yes", False: "no", None: ""}[target["passed"]]
        rows.append((target["name"], value, target["target"], passed))
    return Table("Ratios", ("ratio", "value", "target", "passed"), tuple(rows), 3)


def floor(result: Mapping[str, Any]) -> Table:
    """The floor of a visit, ingredient by ingredient."""
    rows = [
        (each["name"], f"{each['count']:,.4g}", f"{each['nanoseconds']:.3f}", f"{each['nanoseconds_per_slate']:.1f}")
        for each in result["floor"]["ingredients"]
    ]
    total = ("total", "", "", f"{result['floor']['nanoseconds_per_slate']:.1f}")
    return Table("The floor of the kernel, one thread", ("ingredient", "per slate", "ns each", "ns/slate"), (*rows, total), 3)


def ratio_text(value: float) -> str:
    """A ratio with three significant digits, a speed with all digits."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def markdown(table: Table) -> str:
    """The table in Markdown, without its title."""
    words = len(table.columns) - table.numbers
    rule = ["---"] * words + ["---:"] * table.numbers
    lines = (table.columns, rule, *table.rows)
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines) + "\n"


def setting(result: Mapping[str, Any]) -> str:
    """The machine and the method, in a sentence."""
    where, sizes = dict(result["machine"]), result["sizes"]
    versions = ", ".join(f"{name} {where[name]}" for name in where if name not in ("processor", "cores", "system"))
    runner = f"; a run of the runner has {sizes['slates']:,} slates, including its start" if "slates" in sizes else ""
    return (
        f"{result['world']} on {where['processor']}, {where['cores']} cores, {where['system']}; {versions}. "
        f"The fastest of {sizes['rounds']} rounds in which the rows take turns, each for at least {sizes['seconds']:g} seconds"
        f"{runner}."
    )


def left_out(result: Mapping[str, Any]) -> list[str]:
    """The rows that were left out, each with the reason."""
    return [f"{row['name']}: {row['left_out']}" for row in result["rows"] if "left_out" in row]
