"""Fuzzes every entry point, and counts: `python -m tests.fuzz.run [FAMILY ...]` prints the table."""

import json
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

FAMILIES = ("shop", "models", "environments", "learners", "more_learners")
ROOT = Path(__file__).parents[2]
COLUMNS = ("tried", "answered", "refused", "wrong", "crashed")


@dataclass
class Outcome:
    """What came of a family's inputs.

    Attributes:
        counts: by entry point, and which object of several that share it, how many inputs were tried, rightly answered, rightly
            refused, wrongly answered or refused, and how many ended the process.
        wrong: a line each.
    """

    counts: dict[tuple[str, str], Counter[str]] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)


def fuzz(family: str, crashes: int = 0, environment: dict[str, str] | None = None) -> Outcome:
    """Fuzz a family in a child process; after a crash with the next input, at most so many times."""
    outcome, first = Outcome(), 0
    for _ in range(crashes + 1):
        command = [sys.executable, "-m", "tests.fuzz.child", family, str(first)]
        child = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env=environment)
        last = _read(child.stdout, outcome)
        if child.returncode == 0:
            return outcome
        if last is None or child.returncode > 0:  # no crash, but an error of the test's own
            raise RuntimeError(f"{' '.join(command)} ended with {child.returncode}:\n{child.stderr[-3000:]}")
        first, name, of, argument, label = last
        outcome.counts[name, of]["crashed"] += 1
        outcome.wrong.append(f"{name} [{of}] {argument} = {label}: ended the process with {child.returncode}")
    return outcome


def _read(text: str, outcome: Outcome) -> list | None:
    """Add up a child's lines; gives the last input, with which the process ended, unless it came to its end."""
    open_, last = None, None
    for line in text.splitlines():
        try:
            what, *rest = json.loads(line)
        except ValueError:  # what a dying process left
            continue
        if what == "try":
            open_ = last = rest
            outcome.counts.setdefault((rest[1], rest[2]), Counter())["tried"] += 1
        elif what == "done" and open_ is not None:
            result = rest[0]
            outcome.counts[open_[1], open_[2]][result.partition(":")[0]] += 1
            if result.startswith("wrong"):
                outcome.wrong.append(f"{open_[1]} [{open_[2]}] {open_[3]} = {open_[4]}: {result}")
            open_ = None
        elif what == "end":
            return None
    return last


def table(outcome: Outcome) -> str:
    """A line for each entry point, and the sum."""
    lines = [f"{'':76} " + "".join(f"{column:>9}" for column in COLUMNS)]
    total: Counter[str] = Counter()
    for (name, of), counts in sorted(outcome.counts.items()):
        label = name.removeprefix("slategym.") + (f" [{of}]" if of else "")
        lines.append(f"{label:76} " + "".join(f"{counts[column]:9}" for column in COLUMNS))
        total.update(counts)
    lines.append(f"{'all':76} " + "".join(f"{total[column]:9}" for column in COLUMNS))
    return "\n".join(lines)


if __name__ == "__main__":
    for each in sys.argv[1:] or FAMILIES:
        found = fuzz(each, crashes=500)
        print(table(found), *found.wrong, sep="\n", flush=True)
