"""Fuzzes one family of entry points in a process of its own: `python -m tests.fuzz.child FAMILY [FIRST]`.

Writes a line of JSON before and after each input, so that the reader knows which one ended the process, and can go on with the
next: FIRST is the number of the input to begin with.
"""

import importlib
import json
import re
import sys
import warnings
from typing import Any

from tests.fuzz.case import Case, Subject
from tests.fuzz.digest import digest
from tests.fuzz.hostile import OUT_OF_RANGE
from tests.fuzz.inspection import EXEMPT

FACT = re.compile(r"expected|is not|has shape|has dtype|is no |cannot|needs")
# Row, rank, value and range; a number alone has no row.
PLACE = re.compile(r"(\[\d+(, \d+)*\]|^item|^rank) = -?\d+ is not (an?|the) .*: expected \d+\.\.\d+")


def main(family: str, first: int) -> None:
    """Fuzz the family's cases from an input on."""
    warnings.simplefilter("error")
    number = 0
    for case in importlib.import_module(f"tests.fuzz.{family}").cases():
        if case.name in EXEMPT or case.name.startswith("tests."):
            continue
        number = fuzz(case, number, first)
    tell("end")


def fuzz(case: Case, number: int, first: int) -> int:
    """Try all inputs of a case; gives the number of the next input."""
    subject: Subject | None = None
    before, usual = "", ""  # what the subject holds, and what comes of good arguments
    for argument, kind in case.kinds.items():
        fresh = case.make()
        for label, legal, value in kind(fresh.arguments[argument]):
            if legal and not case.legal:
                continue
            number += 1
            if number <= first:
                continue
            tell("try", number, case.name, case.of, argument, label)
            if legal:
                usual = usual or _answer(case, {})
                tell("done", legally(case, {argument: value}, usual))
            else:
                if subject is None:
                    subject = case.make()
                    before = digest(*subject.state())
                out_of_range = label.rpartition(": ")[2] in OUT_OF_RANGE
                outcome = illegally(subject, {argument: value}, before, PLACE if out_of_range else FACT)
                if outcome != "refused":
                    subject = None
                tell("done", outcome)
    return number


def legally(case: Case, unusual: dict[str, Any], usual: str) -> str:
    """An unusual value, answered as the usual one is."""
    try:
        same = _answer(case, unusual) == usual
    except Exception as error:
        return f"wrong: {type(error).__name__}: {error}"
    return "answered" if same else "wrong: answered otherwise than the usual form of the same input"


def _answer(case: Case, unusual: dict[str, Any]) -> str:
    """What comes of a call on a fresh subject, and what it leaves behind."""
    subject = case.make()
    return digest(subject.call(**{**subject.arguments, **unusual}), *subject.state())


def illegally(subject: Subject, hostile: dict[str, Any], before: str, words: re.Pattern[str]) -> str:
    """A value that has to be refused, in such words, and with nothing changed from what it was before."""
    try:
        subject.call(**{**subject.arguments, **hostile})
    except ValueError as error:
        if not words.search(str(error)):
            return f"wrong: {type(error).__name__}: {error}"
    except Exception as error:
        return f"wrong: {type(error).__name__}: {error}"
    else:
        return "wrong: answered"
    return "refused" if digest(*subject.state()) == before else "wrong: refused, and changed"


def tell(*what: Any) -> None:
    print(json.dumps(what)[:2000], flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 0)
