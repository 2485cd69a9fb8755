"""Whole numbers as people write them."""

import pytest

from slategym.utils.integers import whole


@pytest.mark.parametrize(
    ("text", "number"),
    [("0", 0), ("-3", -3), ("100_000", 100_000), ("1e5", 100_000), ("2.5e3", 2500), ("7.0", 7), (str(2**64 - 1), 2**64 - 1)],
)
def test_numbers(text, number):
    assert whole(text) == number
    assert isinstance(whole(text), int)


@pytest.mark.parametrize(
    "text", ["", "many", "1.5", "1e-3", "nan", "inf", "1e400", "1e999999999", "1e-999999999", "1,000", "100k", "0x10"]
)
def test_others(text):
    with pytest.raises(ValueError, match="is not a whole number: expected one such as 1000, 100_000 or 1e5"):
        whole(text)
