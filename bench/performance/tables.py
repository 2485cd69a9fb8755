"""What `slategym throughput` measured, as tables of words and numbers: for the terminal and, in Markdown, for a page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Table:
    """A title, the columns' names, and cells of text; the first columns are words and the last `numbers` ones numbers."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numbers: int


def tables(result: Mapping[str, Any], *, wide: bool = True) -> list[Table]:
    """Speeds, targets and the floor of a throughput result; `wide` adds in words what each row measures."""
    return [speeds(result["rows"], wide), goals(result["goals"]), floor(result)]


def speeds(rows: Sequence[Mapping[str, Any]], wide: bool = True) -> Table:
    """A row each: slates a second and nanoseconds a slate, of the fastest round, and how far below it the middle round was."""
    made = []
    for row in rows:
        words = (row["name"], *((row["what"], row["threads"]) if wide else ()))
        if "left_out" in row:
            made.append((*words, "left out", "", ""))
        else:
            lower = row["median"] / row["slates_per_second"]
            made.append((*words, f"{row['slates_per_second']:,.0f}", f"{row['nanoseconds_per_slate']:,.0f}", f"{lower:.2f}"))
    columns = ("row", *(("what is done", "threads") if wide else ()), "slates/s", "ns a slate", "median/best")
    return Table("Speed", columns, tuple(made), 3)


def goals(evaluated: Sequence[Mapping[str, Any]]) -> Table:
    """A row each: what is held against what, the ratio found, the aim, and whether it is reached."""
    rows = []
    for each in evaluated:
        value = "not measured" if each["value"] is None else ratio_text(each["value"])
        passed = {True: "yes", False: "no", None: ""}[each["passed"]]
        rows.append((each["name"], value, each["target"], passed))
    return Table("Ratios", ("ratio", "found", "target", "passed"), tuple(rows), 3)


def floor(result: Mapping[str, Any]) -> Table:
    """What a visit cannot cost less than, ingredient by ingredient."""
    rows = [
        (each["name"], f"{each['count']:,.4g}", f"{each['nanoseconds']:.3f}", f"{each['nanoseconds_per_slate']:.1f}")
        for each in result["floor"]["ingredients"]
    ]
    total = ("all of it", "", "", f"{result['floor']['nanoseconds_per_slate']:.1f}")
    return Table("The floor of the kernel, one thread", ("ingredient", "a slate", "ns each", "ns a slate"), (*rows, total), 3)


def ratio_text(value: float) -> str:
    """A ratio with three digits that count, a speed with all of its digits."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def markdown(table: Table) -> str:
    """The table in Markdown, without its title."""
    words = len(table.columns) - table.numbers
    rule = ["---"] * words + ["---:"] * table.numbers
    lines = (table.columns, rule, *table.rows)
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines) + "\n"


def setting(result: Mapping[str, Any]) -> str:
    """What it was measured on and how, in a sentence."""
    where, sizes = dict(result["machine"]), result["sizes"]
    versions = ", ".join(f"{name} {where[name]}" for name in where if name not in ("processor", "cores", "system"))
    return (
        f"{result['world']} on {where['processor']}, {where['cores']} cores, {where['system']}; {versions}. "
        f"The fastest of {sizes['rounds']} rounds in which the rows take turns, each for {sizes['seconds']:g} seconds or longer; "
        f"a run of the runner is {sizes['slates']:,} slates from its beginning."
    )


def left_out(result: Mapping[str, Any]) -> list[str]:
    """The rows that were left out, each with the reason."""
    return [f"{row['name']}: {row['left_out']}" for row in result["rows"] if "left_out" in row]
