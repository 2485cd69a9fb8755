"""The findings of checks: what is wrong, where, and how to fix it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Finding:
    """Something that is wrong, or that could be better; `where` and `what` read as one sentence.

    Attributes:
        what: what is the matter, with what was expected: "is 1.2: expected a probability in [0, 1]".
        where: the class and method, with the first place in its answer: "Impatient.attraction[3, 1]".
        fix: what to do about it, one imperative sentence.
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
    """One check that was made.

    Attributes:
        name: what was looked at.
        findings: what was found; nothing is good.
        note: what was measured, or why the check was left out.
        left_out: whether the check could not be made because an earlier one failed.
    """

    name: str
    findings: tuple[Finding, ...] = ()
    note: str = ""
    left_out: bool = False

    @property
    def outcome(self) -> str:
        """The worst of the findings, "failure" or "hint"; else "left out" or "ok"."""
        if self.left_out:
            return "left out"
        severities = {finding.severity for finding in self.findings}
        return next((each for each in ("failure", "hint") if each in severities), "ok")


def findings_of(checks: Iterable[Check]) -> list[Finding]:
    """All that the checks found, in order."""
    return [finding for check in checks for finding in check.findings]
