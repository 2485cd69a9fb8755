"""Whole numbers as people write them."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

LONGEST = 30  # digits; what is longer is a slip, and takes its time to write out


def whole(text: str) -> int:
    """The whole number that a text says: "100000", "100_000" or "1e5".

    Raises:
        ValueError: it says none, as "1.5" and "many" do not.
    """
    try:
        number = Decimal(text)
    except InvalidOperation:
        number = Decimal("nan")
    if not number.is_finite() or number.adjusted() >= LONGEST or number != number.to_integral_value():
        raise ValueError(f"{text!r} is no whole number: expected one such as 1000, 100_000 or 1e5")
    return int(number)
