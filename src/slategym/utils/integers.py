"""Whole numbers in texts."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

LONGEST = 30  # digits; a longer number is a mistake, and slow to write out


def whole(text: str) -> int:
    """Read a whole number from a text such as "100000", "100_000" or "1e5".

    Raises:
        ValueError: the text is not a whole number, such as "1.5" or "many".
    """
    try:
        number = Decimal(text)
    except InvalidOperation:
        number = Decimal("nan")
    if not number.is_finite() or number.adjusted() >= LONGEST or number != number.to_integral_value():
        raise ValueError(f"{text!r} is not a whole number: expected one such as 1000, 100_000 or 1e5")
    return int(number)
