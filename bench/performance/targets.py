"""Targets of `slategym throughput`, as ratios of speeds within one run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from slategym.bench.performance import cases as rows


@dataclass(frozen=True)
class SpeedTarget:
    """A ratio of speeds and its target.

    Attributes:
        name: name of the ratio.
        row: row whose speed is the numerator.
        over: row whose speed is the denominator; None if the target is for the speed itself.
        least: smallest ratio that passes.
    """

    name: str
    row: str
    over: str | None
    least: float


TARGETS = (
    SpeedTarget("VectorEnv.step over SARDINE", rows.VECTOR, "SARDINE", 250),
    SpeedTarget("VectorEnv.step over the kernel", rows.VECTOR, rows.KERNEL, 0.6),
    SpeedTarget("Env.step over SARDINE", rows.SINGLE, "SARDINE", 3),
    SpeedTarget(f"slates/s of {rows.LIN_TS_ARMS_LOG}", rows.LIN_TS_ARMS_LOG, None, 100_000),
    SpeedTarget("lin-ts with log over MABWiser's predictions", rows.LIN_TS_ARMS_LOG, "MABWiser LinTS predict", 5),
    SpeedTarget("policy-gradient over SB3's PPO", rows.POLICY_GRADIENT_PPO, "SB3 PPO", 100),
    SpeedTarget("random with its log over without", rows.RANDOM_LOG, rows.RANDOM, 0.5),
    SpeedTarget("lin-ts with its log over without", rows.LIN_TS_LOG, rows.LIN_TS, 0.5),
)
FLOOR, SHARE = "time of the floor over time of the kernel, one thread", "environment and adapter's share of PPO's time"
AT_LEAST_FLOOR, AT_MOST_SHARE = 0.5, 0.1


def evaluate_targets(result: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Evaluate the targets.

    Returns:
        For each target its "name", "value", "target" in words, and whether it "passed"; value and passed are None if a row is
        missing.
    """
    rows_by_name = {row["name"]: row for row in result["rows"]}
    evaluated = []
    for target in TARGETS:
        speed = rows_by_name.get(target.row, {}).get("slates_per_second")
        under = 1.0 if target.over is None else rows_by_name.get(target.over, {}).get("slates_per_second")
        value = None if speed is None or under is None else speed / under
        evaluated.append(
            _evaluated(target.name, value, f"at least {target.least:,g}", None if value is None else value >= target.least)
        )
    kernel = rows_by_name.get(rows.KERNEL_ONE, {}).get("nanoseconds_per_slate")
    floor = None if kernel is None else result["floor"]["nanoseconds_per_slate"] / kernel
    evaluated.insert(
        2, _evaluated(FLOOR, floor, f"at least {AT_LEAST_FLOOR:g}", None if floor is None else floor >= AT_LEAST_FLOOR)
    )
    share = rows_by_name.get("SB3 PPO", {}).get("environment_share")
    return [*evaluated, _evaluated(SHARE, share, f"below {AT_MOST_SHARE:g}", None if share is None else share < AT_MOST_SHARE)]


def _evaluated(name: str, value: float | None, target: str, passed: bool | None) -> dict[str, Any]:
    return {"name": name, "value": value, "target": target, "passed": passed}
