"""Tables of the results of `slategym throughput`, for the terminal and in Markdown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Table:
    """A table of text.

    Attributes:
        title: title of the table.
        columns: heads of the columns.
        rows: cells of each row.
        numbers: number of columns with numbers, which are the last ones; the first columns contain words.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numbers: int


def tables(result: Mapping[str, Any], *, wide: bool = True) -> list[Table]:
    """Speeds, targets and, if it was measured, the floor of a throughput result; `wide` adds a description of each row."""
    return [speeds(result["rows"], wide), goals(result["goals"]), *([floor(result)] if "floor" in result else [])]


def speeds(rows: Sequence[Mapping[str, Any]], wide: bool = True) -> Table:
    """Slates/s and ns/slate of the fastest round of each row, and the speed of the median round relative to it."""
    made = []
    for row in rows:
        words = (row["name"], *((row["what"], row["threads"]) if wide else ()))
        if "left_out" in row:
            made.append((*words, "left out", "", ""))
        else:
            lower = row["median"] / row["slates_per_second"]
            made.append((*words, f"{row['slates_per_second']:,.0f}", f"{row['nanoseconds_per_slate']:,.0f}", f"{lower:.2f}"))
    columns = ("row", *(("description", "threads") if wide else ()), "slates/s", "ns/slate", "median/best")
    return Table("Speed", columns, tuple(made), 3)


def goals(evaluated: Sequence[Mapping[str, Any]]) -> Table:
    """The ratio of each target, its target value, and whether it passed."""
    rows = []
    for target in evaluated:
        value = "not measured" if target["value"] is None else ratio_text(target["value"])
        passed = {True: "yes", False: "no", None: ""}[target["passed"]]
        rows.append((target["name"], value, target["target"], passed))
    return Table("Ratios", ("ratio", "measured", "target", "passed"), tuple(rows), 3)


def floor(result: Mapping[str, Any]) -> Table:
    """The floor of a visit, with a row for each ingredient."""
    rows = [
        (each["name"], f"{each['count']:,.4g}", f"{each['nanoseconds']:.3f}", f"{each['nanoseconds_per_slate']:.1f}")
        for each in result["floor"]["ingredients"]
    ]
    total = ("total", "", "", f"{result['floor']['nanoseconds_per_slate']:.1f}")
    columns = ("ingredient", "count per slate", "ns each", "ns/slate")
    return Table("The floor of the kernel, one thread", columns, (*rows, total), 3)


def ratio_text(value: float) -> str:
    """A number with three significant digits, or all digits from 100 on."""
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
    runner = f"; a run with an agent has {sizes['slates']:,} slates, including its start" if "slates" in sizes else ""
    return (
        f"{result['world']} on {where['processor']}, {where['cores']} cores, {where['system']}; {versions}. "
        f"Speeds are those of the fastest of {sizes['rounds']} rounds; in each round every row is measured for at least "
        f"{sizes['seconds']:g} seconds{runner}."
    )


def left_out(result: Mapping[str, Any]) -> list[str]:
    """The rows that were left out, with reasons."""
    return [f"{row['name']}: {row['left_out']}" for row in result["rows"] if "left_out" in row]
