"""The findings of checks: what is wrong, where, and how to fix it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Finding:
    """Something that is wrong or could be better; `where` and `what` together are a sentence.

    Attributes:
        what: the problem and what was expected: "is 1.2: expected a probability in [0, 1]".
        where: the class and method, with the first affected place: "Impatient.attraction[3, 1]".
        fix: what to do about it, as an imperative sentence.
        severity: a "failure" makes results wrong or irreproducible, a "hint" does not.
    """

    what: str
    where: str
    fix: str
    severity: Literal["failure", "hint"] = "failure"

    def __str__(self) -> str:
        return f"{self.where} {self.what}. {self.fix}."


@dataclass(frozen=True)
class Check:
    """The result of one check.

    Attributes:
        name: name of the check.
        findings: the problems found; empty if there are none.
        note: a measurement, or why the check was skipped.
        left_out: whether the check was skipped because an earlier one failed.
    """

    name: str
    findings: tuple[Finding, ...] = ()
    note: str = ""
    left_out: bool = False

    @property
    def outcome(self) -> str:
        """The most severe finding, "failure" or "hint"; otherwise "left out" or "ok"."""
        if self.left_out:
            return "left out"
        severities = {finding.severity for finding in self.findings}
        return next((each for each in ("failure", "hint") if each in severities), "ok")


def findings_of(checks: Iterable[Check]) -> list[Finding]:
    """All findings of the checks, in order."""
    return [finding for check in checks for finding in check.findings]
