"""Rules for slates: items that they must or must not contain, and the largest number of items per category."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from slategym.utils.integers import whole
from slategym.utils.specification import terms

KNOWN = "must=, must-category=, never= or at-most="


@dataclass(frozen=True)
class SlateRules:
    """The rules of all slates. Under rules, the items of a slate are different.

    As text: "must=5,must-category=1,never=3+7,at-most=2", with + between numbers, and ; or , between rules.

    Attributes:
        must: items that every slate must contain.
        must_category: categories of which every slate must contain an item.
        never: items that no slate may contain.
        at_most: the largest number of items of one category; None for no limit.

    Raises:
        ValueError: a number is no item or category, an item is in both `must` and `never`, or `at_most` is below 1.
    """

    must: tuple[int, ...] = ()
    must_category: tuple[int, ...] = ()
    never: tuple[int, ...] = ()
    at_most: int | None = None

    def __post_init__(self) -> None:
        for name in ("must", "must_category", "never"):
            object.__setattr__(self, name, _numbers(name, getattr(self, name)))
        if self.at_most is not None and (isinstance(self.at_most, bool) or not isinstance(self.at_most, int | np.integer)):
            raise ValueError(f"at_most is {self.at_most!r}: expected a whole number from 1, or None for no limit")
        if self.at_most is not None and self.at_most < 1:
            raise ValueError(f"at_most is {self.at_most}: expected a whole number from 1, or None for no limit")
        both = sorted({*self.must} & {*self.never})
        if both:
            raise ValueError(f"item {both[0]} must be shown and must never be shown: remove one of the rules")

    def __bool__(self) -> bool:
        return bool(self.must or self.must_category or self.never or self.at_most is not None)

    def __str__(self) -> str:
        parts = [
            f"{name.replace('_', '-')}={'+'.join(map(str, getattr(self, name)))}"
            for name in ("must", "must_category", "never")
            if getattr(self, name)
        ]
        return ";".join([*parts, *([] if self.at_most is None else [f"at-most={self.at_most}"])])

    @staticmethod
    def of(rules: SlateRules | str) -> SlateRules:
        """Read rules from their text, or return them if they are rules already.

        Args:
            rules: such as "never=3+7,at-most=2"; + joins numbers.

        Raises:
            ValueError: there is no such rule, a rule is given twice, or a value is no whole number.
        """
        if isinstance(rules, SlateRules):
            return rules
        try:
            return SlateRules._read(rules)
        except ValueError as error:
            raise ValueError(f"rules is {rules!r}: {error}") from None

    @staticmethod
    def _read(rules: str) -> SlateRules:
        found: dict[str, tuple[int, ...]] = {}
        for term in terms(rules.replace(";", ",")):
            name = term.key.replace("-", "_")
            if name not in ("must", "must_category", "never", "at_most") or term.sign != "=":
                raise ValueError(f"{term} is no rule: expected {KNOWN}, as in never=3+7,at-most=2")
            if name in found:
                raise ValueError(f"the rule {term.key} is given twice: join the numbers with +, as in {term.key}=3+7")
            try:
                found[name] = tuple(whole(part) for part in term.value.split("+"))
            except ValueError:
                raise ValueError(f"{term}: expected whole numbers joined with +, as in {term.key}=3+7") from None
        limit = found.pop("at_most", None)
        if limit is not None and len(limit) != 1:
            raise ValueError("at-most has several numbers: expected one, for every category")
        return SlateRules(**found, at_most=None if limit is None else limit[0])

    @property
    def more_than_never(self) -> bool:
        """Whether there are rules other than `never`."""
        return bool(self.must or self.must_category or self.at_most is not None)


def _numbers(name: str, numbers: Iterable[int]) -> tuple[int, ...]:
    found = tuple(numbers)
    for number in found:
        if isinstance(number, bool) or not isinstance(number, int | np.integer) or number < 0:
            raise ValueError(f"{name} holds {number!r}: expected whole numbers from 0")
    return tuple(sorted({int(number) for number in found}))


NO_RULES = SlateRules()
