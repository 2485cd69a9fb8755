"""Options that cannot be: a line that names the option, the exit status 2, and no traceback."""

import pytest
from tests.scripts.test_commands import slategym

SHOP = "Shop-v0:items=12,categories=3,slate_size=2,visits=3"
SIMULATE = ["simulate", "--slates", "10", "--shoppers", "5"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ["simulate", "--slates", "9" * 23],
            "--slates is '99999999999999999999999': expected a whole number from 1 to 1,000,000,000,000",
        ),
        (["simulate", "--slates", "1e12"], "which is 1,000,000,000 steps: expected at most 50,000,000"),
        (["benchmark", "--slates", "1e12"], "which is 1,000,000,000 steps: expected at most 50,000,000"),
        (["simulate", "--slates", "2.5"], "--slates is '2.5': expected a whole number from 1"),
        (["simulate", "--shoppers", "1e10"], "--shoppers is '1e10': expected a whole number from 1 to 100,000,000"),
        (["simulate", "--seed", "-1"], "--seed is '-1': expected a whole number from 0 to 18,446,744,073,709,551,615"),
        ([*SIMULATE, "--weights", "0,0"], "--weights is '0,0': expected a number for each of click and conversion, not all 0"),
        ([*SIMULATE, "--checkpoint-every", "nan"], "--checkpoint-every is 'nan': expected a number from 0"),
        ([*SIMULATE, "--agent", "builtins:eval"], "builtins:eval belongs to Python itself: expected a custom agent"),
        ([*SIMULATE, "--world", "os:system"], "os:system belongs to Python itself: expected a custom world"),
        (
            [*SIMULATE, "--user-model", "builtins:object"],
            "builtins:object belongs to Python itself: expected a custom user model",
        ),
        ([*SIMULATE, "--world", "Shop-v0:satiation=abc"], "satiation=abc: expected true or false"),
        ([*SIMULATE, "--world", "Shop-v0:items=1e12"], "items is 1000000000000: expected a whole number from 1 to 10,000,000"),
        ([*SIMULATE, "--world", "Shop-v0:catalog_seed=-1"], "catalog_seed is -1: expected a whole number from 0"),
        ([*SIMULATE, "--world", "Shop-v0:slate_size=2.5"], "slate_size=2.5: expected a whole number"),
        ([*SIMULATE, "--world", "Shop-v0:visits=1.5"], "visits=1.5: expected a whole number"),
        ([*SIMULATE, "--world", "Shop-v0:click_model=5"], "there is no click model '5'"),
        ([*SIMULATE, "--world", "Shop-v0:click_rate=2"], "click_rate is 2.0: expected a number from 0 to 1"),
        ([*SIMULATE, "--world", SHOP, "--agent", "lin-ts:alpha=-1"], "alpha is -1.0: expected a number from 0"),
        ([*SIMULATE, "--world", SHOP, "--agent", "policy-gradient:direction=up"], "direction is 'up': expected 'sum' or 'nash'"),
        ([*SIMULATE, "--world", SHOP, "--click-model", "position-based:decay=2"], "decay is 2.0: expected a number above 0 to 1"),
        ([*SIMULATE, "--world", SHOP, "--scalarizer", "nash:least=0"], "least is 0.0: expected a number above 0"),
        (["benchmark", "--seeds", "1e9"], "--seeds is '1e9': expected a whole number from 1 to 10,000"),
        (["pareto", "--points", "1e9"], "--points is '1e9': expected a whole number from 2 to 10,000"),
        (
            ["pareto", "--world", f"{SHOP},objectives=click", *["--objective", "click", "--objective", "profit"]],
            "--world gives objectives='click', and another option gives it too",
        ),
    ],
)
def test_it_is_refused_in_a_line(words, message, tmp_path):
    result = slategym(*words, "--out", tmp_path / "out", code=2)
    lines = [line for line in result.stderr.splitlines() if "compiling kernels" not in line]
    assert len(lines) == 1, result.stderr
    assert message in lines[0]
    assert "Traceback" not in result.output
    assert not (tmp_path / "out").exists()


def test_ranges_are_listed():
    said = " ".join(slategym("agents", "lin-ts").stdout.split())
    assert "from 1e-06" in said
