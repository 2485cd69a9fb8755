"""Fuzzes one family of entry points in a process of its own: `python -m tests.fuzz.child FAMILY [FIRST]`.

Writes a line of JSON before and after each input, so that whoever reads knows which one ended the process, and can go on with the
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
from tests.fuzz.inspection import EXEMPT, entry_points

FACT = re.compile(r"expected|is not|has shape|has dtype|is no |cannot|needs")


def main(family: str, first: int) -> None:
    """Fuzz the family's cases from an input on."""
    warnings.simplefilter("error")
    known = entry_points()
    number = 0
    for case in importlib.import_module(f"tests.fuzz.{family}").cases():
        if case.name in EXEMPT or case.name.startswith("tests."):
            continue
        tell("case", case.name, case.of, sorted(case.kinds), list(case.beside), list(known.get(case.name, ())))
        number = fuzz(case, number, first)
    tell("end")


def fuzz(case: Case, number: int, first: int) -> int:
    """Try all inputs of a case; gives the number of the next input."""
    subject: Subject | None = None
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
                tell("done", legally(case, argument, value))
            else:
                subject = subject or case.make()
                outcome = illegally(subject, argument, value)
                if outcome != "refused":
                    subject = None
                tell("done", outcome)
    return number


def legally(case: Case, argument: str, value: Any) -> str:
    """An unusual value, answered as the usual one is."""
    usual, unusual = case.make(), case.make()
    try:
        expected = usual.call(**usual.arguments)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            answer = unusual.call(**{**unusual.arguments, argument: value})
    except Exception as error:
        return f"wrong: {type(error).__name__}: {error}"
    same = digest(expected, *usual.state()) == digest(answer, *unusual.state())
    return "answered" if same else "wrong: answered otherwise than the usual form of the same input"


def illegally(subject: Subject, argument: str, value: Any) -> str:
    """A value that has to be refused, with a word about it, and with nothing changed."""
    before = digest(*subject.state())
    try:
        subject.call(**{**subject.arguments, argument: value})
    except (ValueError, TypeError) as error:
        if isinstance(error, TypeError) or not FACT.search(str(error)):
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
