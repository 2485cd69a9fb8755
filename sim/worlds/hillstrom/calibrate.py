"""Fitting Hillstrom-v0 to the MineThatData e-mail log."""

from __future__ import annotations

import math
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from slategym.sim.calibration.files import find, read_columns, require, rounded
from slategym.sim.worlds.hillstrom.world import ARMS, NAME, design
from slategym.sim.worlds.tabular import ContingencyTable

Floats = NDArray[np.float64]

VARIABLES: dict[str, type] = {
    "recency": int,
    "history_segment": str,
    "mens": int,
    "womens": int,
    "newbie": int,
    "zip_code": str,
    "channel": str,
}
OUTCOMES: dict[str, type] = {"segment": str, "history": float, "visit": int, "conversion": int, "spend": float}
# The levels in the description of the log. Any other level is an error, or comes from another log.
LEVELS: dict[str, tuple[int | str, ...]] = {
    "recency": tuple(range(1, 13)),
    "zip_code": ("Rural", "Surburban", "Urban"),
    "channel": ("Multichannel", "Phone", "Web"),
    "history_segment": (
        "1) $0 - $100",
        "2) $100 - $200",
        "3) $200 - $350",
        "4) $350 - $500",
        "5) $500 - $750",
        "6) $750 - $1,000",
        "7) $1,000 +",
    ),
}
HISTORY_KNOTS = 11  # quantiles of past spending in each segment of past spending

# Prior standard deviations of log odds: of the effect of a column that is common to all e-mails, and of an e-mail's deviation.
# For visits they are close to the maximum of the marginal likelihood. For conversions, which are few (578), this maximum is
# smaller; they are large enough that the rate of every main segment stays inside the log's interval.
VISIT_SPREAD = (0.25, 0.1)
CONVERSION_SPREAD = (0.35, 0.35)
SPEND_SPREAD = 0.1  # prior standard deviation of the effect of an e-mail on the log of the mean spend

SOURCE = "Kevin Hillstrom, MineThatData e-mail analytics and data mining challenge (2008); 64,000 customers"
ASSUMPTIONS = {"margin": 0.3, "margin_source": "the project's own: the log has no costs"}


def calibrate(folder: str | Path) -> dict[str, Any]:
    """Return the fitted parameters of Hillstrom-v0 from a folder with `hillstrom.csv` or `hillstrom.csv.gz`.

    Raises:
        FileNotFoundError, ValueError: the file or a column is missing or malformed; the message names it.
    """
    path = find(Path(folder), "hillstrom")
    log = read_columns(path, {**VARIABLES, **OUTCOMES})
    _check(path, log)
    levels = {name: sorted(set(log[name].tolist())) for name in VARIABLES}
    codes = [np.searchsorted(np.array(known), log[name]) for name, known in levels.items()]
    shape = tuple(len(known) for known in levels.values())
    cell, arm = np.ravel_multi_index(codes, shape), np.array([ARMS.index(each) for each in log["segment"]])

    def counted(outcome: NDArray[Any]) -> Floats:
        place = cell * len(ARMS) + arm
        found = np.bincount(place, weights=outcome, minlength=math.prod(shape) * len(ARMS))
        return found.astype(np.float64).reshape(-1, len(ARMS))

    sent, visited, converted = counted(np.ones(len(cell))), counted(log["visit"]), counted(log["conversion"])
    customers = sent.sum(axis=1).reshape(shape)
    weight = max_entropy_table(customers)
    columns, names = design(ContingencyTable(levels, weight.ravel()))
    mean, spread = spending(log["spend"], arm)
    segment = codes[list(levels).index("history_segment")]
    shares = np.linspace(0, 1, HISTORY_KNOTS)
    history = [np.quantile(log["history"][segment == each], shares) for each in range(len(levels["history_segment"]))]
    return {
        "world": NAME,
        "source": SOURCE,
        "fit": {
            "customers": len(cell),
            "visits": int(visited.sum()),
            "conversions": int(converted.sum()),
            "visit_spread": VISIT_SPREAD,
            "conversion_spread": CONVERSION_SPREAD,
            "spend_spread": SPEND_SPREAD,
        },
        "assumptions": ASSUMPTIONS,
        "arms": ARMS,
        "spend_mean": rounded(mean),
        "spend_spread": rounded(spread),
        "columns": names,
        "visit": rounded(logistic(columns, sent, visited, *VISIT_SPREAD)),
        "conversion": rounded(logistic(columns, visited, converted, *CONVERSION_SPREAD)),
        "levels": levels,
        "history": rounded(np.round(history, 2)),
        "weight": rounded(np.round(weight.ravel(), 4)),
    }


def logistic(columns: Floats, trials: Floats, successes: Floats, common_spread: float, own_spread: float) -> Floats:
    """Fit logistic regressions of several arms with common effects: the posterior mode, by Newton's method.

    Each arm has its own intercept, without a prior. Its effect of each other column is the sum of a common effect and its own
    deviation, both shrunk by normal priors.

    Args:
        columns: (cells, 1 + v), the intercept first.
        trials: (cells, arms).
        successes: (cells, arms).
        common_spread: prior standard deviation of a common effect.
        own_spread: prior standard deviation of an arm's deviation from it.

    Returns:
        (arms, 1 + v) the coefficients of each arm.
    """
    cells, arms = trials.shape
    effects = columns.shape[1] - 1
    rows = np.zeros((cells, arms, arms + (1 + arms) * effects))
    for arm in range(arms):
        own = arms + (1 + arm) * effects
        rows[:, arm, arm] = 1.0
        rows[:, arm, arms : arms + effects] = columns[:, 1:]
        rows[:, arm, own : own + effects] = columns[:, 1:]
    some = trials.ravel() > 0
    x, n, y = rows.reshape(cells * arms, -1)[some], trials.ravel()[some], successes.ravel()[some]
    precision = np.concatenate([np.zeros(arms), np.full(effects, common_spread**-2.0), np.full(arms * effects, own_spread**-2.0)])
    beta = np.zeros(x.shape[1])
    for _ in range(50):
        p = expit(x @ beta)
        step = np.linalg.solve((x * (n * p * (1 - p))[:, None]).T @ x + np.diag(precision), x.T @ (y - n * p) - precision * beta)
        beta += step
        if np.abs(step).max() < 1e-13:
            break
    else:
        if np.abs(step).max() > 1e-8:
            raise ValueError("the logistic regression does not converge: is there an arm in which no or all customers respond?")
    common, own = beta[arms : arms + effects], beta[arms + effects :].reshape(arms, effects)
    return np.concatenate([beta[:arms, None], common + own], axis=1)


def max_entropy_table(counts: Floats) -> Floats:
    """Return the table with the largest entropy among those with the same two-way margins as `counts`.

    By iterative proportional fitting (Deming and Stephan, "On a least squares adjustment of a sampled frequency table", 1940).
    """
    table = np.full(counts.shape, counts.sum() / counts.size)
    pairs = list(combinations(range(counts.ndim), 2))
    others = [tuple(axis for axis in range(counts.ndim) if axis not in pair) for pair in pairs]
    for _ in range(500):
        before = table
        for rest in others:
            margin = table.sum(axis=rest, keepdims=True)
            table = table * np.divide(counts.sum(axis=rest, keepdims=True), margin, out=np.zeros_like(margin), where=margin > 0)
        if np.abs(table - before).max() < 1e-10:
            break
    return table


def spending(spend: Floats, arm: NDArray[np.int64]) -> tuple[Floats, float]:
    """Return the mean spend of each arm's converted customers, shrunk towards the mean of all, and the deviation of its log.

    Raises:
        ValueError: fewer than two customers of an arm spent anything.
    """
    paid = [spend[(arm == each) & (spend > 0)] for each in range(len(ARMS))]
    for name, each in zip(ARMS, paid, strict=True):
        if len(each) < 2:
            raise ValueError(f"{len(each)} customers of {name!r} spent anything: expected 2 or more, to fit the amounts paid")
    everyone = np.concatenate(paid)
    noise = np.array([(everyone.std() / everyone.mean()) ** 2 / len(each) for each in paid])
    means = np.array([each.mean() for each in paid])
    trust = SPEND_SPREAD**2 / (SPEND_SPREAD**2 + noise)
    residual = np.concatenate([np.log(each) - np.log(each).mean() for each in paid])
    return everyone.mean() * (means / everyone.mean()) ** trust, float(residual.std())


def _check(path: Path, log: dict[str, NDArray[Any]]) -> None:
    for name in ("mens", "womens", "newbie", "visit", "conversion"):
        require(path, name, log[name], (log[name] == 0) | (log[name] == 1), "0 or 1")
    require(path, "segment", log["segment"], np.isin(log["segment"], ARMS), f"one of {', '.join(ARMS)}")
    for name, levels in LEVELS.items():
        known = np.isin(log[name].astype(str), [str(level) for level in levels])
        require(path, name, log[name], known, f"one of {', '.join(map(str, levels))}")
    require(path, "conversion", log["conversion"], log["conversion"] <= log["visit"], "0 where there is no visit")
    paid = (log["spend"] >= 0) & ((log["spend"] > 0) == (log["conversion"] == 1))
    require(path, "spend", log["spend"], paid, "above 0 where there is a conversion, else 0")
    require(path, "history", log["history"], log["history"] > 0, "above 0")
    for arm in ARMS:
        if not (log["segment"] == arm).any():
            raise ValueError(f"{path} has no customer with segment {arm!r}: expected some of each of {', '.join(ARMS)}")
