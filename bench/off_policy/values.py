"""The value of a policy from several estimators, with intervals and warnings, in one pass over a log of any length."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from slategym.agents.scalarizers.base import Scalarizer
from slategym.bench.off_policy.intervals import Interval, bernstein, bootstrap, ends, normal, resampled
from slategym.bench.off_policy.registry import ESTIMATORS, Estimator, make_estimator
from slategym.bench.off_policy.rounds import Rounds
from slategym.bench.off_policy.selection import slope
from slategym.bench.off_policy.sums import Sums
from slategym.bench.off_policy.support import Support, estimate_warnings
from slategym.bench.off_policy.terms import Floats
from slategym.bench.statistics import LEVEL, Estimate
from slategym.utils.checked import checked
from slategym.utils.short_repr import Brief

BLOCK = 1 << 16  # the number of rounds processed at once
WAYS = {"normal": normal, "bootstrap": bootstrap}


@dataclass(frozen=True, repr=False)
class PolicyValue(Brief):
    """The estimated value of a policy.

    Attributes:
        estimator: the estimator, as a text.
        objectives: the value of each objective per round, with its interval.
        utility: the utility by the scalarizer, with its interval. Without a scalarizer, the value of the objective if there is
            only one, else None.
        rounds: n.
        effective_size: (sum w)^2 / sum w^2 of the weights as the estimator uses them; n if it uses none.
        chosen: the option that SLOPE chose, by name; None means no limit.
        warnings: reasons not to trust the estimate.
    """

    estimator: str
    objectives: tuple[Estimate, ...]
    utility: Estimate | None
    rounds: int
    effective_size: float
    chosen: Mapping[str, float | None]
    warnings: tuple[str, ...]

    @property
    def mean(self) -> Floats:
        """(M,) the estimates of the objectives; NaN where an estimate is missing."""
        return np.array([np.nan if each.mean is None else each.mean for each in self.objectives])

    def to_json(self) -> dict[str, Any]:
        """The value as JSON values, as in results files."""
        return {
            "objectives": [each.to_json() for each in self.objectives],
            "utility": None if self.utility is None else self.utility.to_json(),
            "rounds": self.rounds,
            "effective_size": self.effective_size,
            "chosen": dict(self.chosen),
            "warnings": list(self.warnings),
        }


@checked
def policy_values(
    rounds: Rounds | Iterable[Rounds],
    estimators: Sequence[str | Estimator],
    *,
    interval: Interval = "normal",
    level: float = LEVEL,
    scalarizer: Scalarizer | None = None,
    bounds: tuple[float, float] | None = None,
) -> dict[str, PolicyValue]:
    """Estimate the value of a policy from the rounds of a log.

    ```python
    rounds = Actions(reward, behaviour, target)
    policy_values(rounds, ["ipw", "snipw"])["snipw"].objectives[0]
    ```

    Args:
        rounds: `Actions`, `Slates` or `Episodes`; or the blocks of a log that does not fit in memory, in order.
        estimators: estimators as texts, such as `dr` and `switch-dr:threshold=auto`, see `ESTIMATORS`.
        interval: the kind of interval, see `INTERVALS`.
        level: nominal coverage.
        scalarizer: gives the utility of the mean objectives. The utility of a weighted sum has the requested kind of interval;
            any other utility has a bootstrap interval.
        bounds: the least and the largest possible value of a term, for `bernstein`; by default those observed.

    Returns:
        The values by the texts of the estimators, in the same order.

    Raises:
        ValueError: there is no such estimator, the rounds lack an array that it takes, or blocks do not match.
    """
    if not 0 < level < 1:
        raise ValueError(f"level is {level}: expected a number above 0 and below 1")
    asked = list({made.text: made for made in map(make_estimator, estimators)}.values())
    if not asked:
        raise ValueError(f"estimators is empty: expected some of {', '.join(ESTIMATORS)}")
    sums = {each.text: [Sums() for _ in each.candidates] for each in asked}
    support = Support()
    for block in _blocks(rounds):
        support.add(block)
        for each in asked:
            for candidate, kept in zip(each.candidates, sums[each.text], strict=True):
                kept.add(candidate.terms(block), block.cluster)
    return {each.text: _told(each, sums[each.text], support, interval, level, scalarizer, bounds) for each in asked}


def utility_of(scalarizer: Scalarizer, values: ArrayLike) -> Floats:
    """(B,) the utilities of (B, M) mean objectives.

    Args:
        scalarizer: the scalarizer that defines the utility.
        values: the mean objectives.
    """
    each = np.asarray(values, np.float64)
    weights = scalarizer.constant_weights
    if weights is not None:
        return np.asarray(each @ weights)
    return np.array([scalarizer.utility(value) for value in each])


def _blocks(rounds: Rounds | Iterable[Rounds]) -> Iterable[Rounds]:
    for each in [rounds] if isinstance(rounds, Rounds) else rounds:
        yield from each.blocks(BLOCK)


def _told(
    estimator: Estimator,
    candidates: Sequence[Sums],
    support: Support,
    interval: Interval,
    level: float,
    scalarizer: Scalarizer | None,
    bounds: tuple[float, float] | None,
) -> PolicyValue:
    number = slope(candidates) if estimator.automatic else 0
    sums = candidates[number]
    tuned = estimator.spec.tuned
    if not sums.count:
        return PolicyValue(estimator.text, (Estimate(None),), None, 0, 0.0, {}, support.warnings)
    objectives = _estimates(sums, interval, level, bounds)
    chosen = {tuned: estimator.spec.candidates[number]} if estimator.automatic else {}
    warnings = (*(support.warnings if sums.weighted else ()), *estimate_warnings(sums))
    utility = _utility(sums, objectives, interval, level, scalarizer, bounds)
    return PolicyValue(estimator.text, objectives, utility, sums.count, sums.effective_size, chosen, warnings)


def _estimates(sums: Sums, interval: Interval, level: float, bounds: tuple[float, float] | None) -> tuple[Estimate, ...]:
    low, high = bernstein(sums, level, bounds) if interval == "bernstein" else WAYS[interval](sums, level)
    return tuple(_finite(*numbers) for numbers in zip(sums.value, low, high, strict=True))


def _utility(
    sums: Sums,
    objectives: tuple[Estimate, ...],
    interval: Interval,
    level: float,
    scalarizer: Scalarizer | None,
    bounds: tuple[float, float] | None,
) -> Estimate | None:
    if scalarizer is None:
        return objectives[0] if len(objectives) == 1 else None
    weights = scalarizer.constant_weights
    if weights is not None:
        return _estimates(sums.weighted_by(weights), interval, level, bounds)[0]
    value = float(utility_of(scalarizer, sums.value[None])[0])
    low, high = ends(utility_of(scalarizer, resampled(sums)), level) if sums.freedom > 0 else (np.nan, np.nan)
    return _finite(value, low, high)


def _finite(mean: Any, low: Any, high: Any) -> Estimate:
    return Estimate.from_json({"mean": float(mean), "low": float(low), "high": float(high)})
