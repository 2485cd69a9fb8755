"""How well predicted probabilities order and state what happens: AUC, log-loss, calibration."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from slategym.bench.statistics import Estimate

Floats = NDArray[np.float64]
LEAST = 1e-7  # of a probability whose logarithm is taken
BINS = 10
POINTS = 41  # of a ROC curve


def judged(happened: ArrayLike, predicted: ArrayLike, cluster: ArrayLike) -> dict[str, Any]:
    """All metrics of predicted probabilities.

    Args:
        happened: (n,), 1 or 0; or exact probabilities, by which all metrics are expectations.
        predicted: (n,), probabilities.
        cluster: (n,) numbers; impressions of one number, as of a shopper, depend on each other, those of two do not.

    Returns:
        `auc`, `log_loss` and `ece`; `auc_interval` and `log_loss_interval`, 95 % intervals with `mean`, `low` and `high`; `roc`,
        the curve; `reliability`, with `predicted`, `happened` and `count` of each bin; `count` and `rate`, of all. A metric that
        is not defined is None.
    """
    truth, chance = np.asarray(happened, np.float64).ravel(), np.asarray(predicted, np.float64).ravel()
    if len(truth) == 0:
        nothing = ("auc", "auc_interval", "log_loss", "log_loss_interval", "ece", "roc", "reliability", "rate")
        return {**dict.fromkeys(nothing), "count": 0}
    bins, groups = reliability(truth, chance), np.asarray(cluster).ravel()
    shares = auc_shares(truth, chance)
    return {
        "auc": auc(truth, chance),
        "auc_interval": None if shares is None else within(mean_by_cluster(shares, groups), 0.0, 1.0),
        "log_loss": log_loss(truth, chance),
        "log_loss_interval": mean_by_cluster(losses(truth, chance), groups),
        "ece": ece(bins),
        "roc": roc(truth, chance),
        "reliability": {name: values.tolist() for name, values in bins.items()},
        "count": len(truth),
        "rate": float(truth.mean()),
    }


def auc(happened: ArrayLike, predicted: ArrayLike) -> float | None:
    """The probability that what happened was predicted higher than what did not; ties count half.

    Args:
        happened: (n,), 1 or 0, or probabilities: each then counts as having happened and as not, by these weights.
        predicted: (n,), any scores.

    Returns:
        The area under the ROC curve; None where all happened or nothing did.
    """
    truth, score = np.asarray(happened, np.float64), np.asarray(predicted)
    _, group = np.unique(score, return_inverse=True)
    yes, no = np.bincount(group, truth), np.bincount(group, 1 - truth)
    pairs = yes.sum() * no.sum()
    return float((yes * (np.cumsum(no) - no / 2)).sum() / pairs) if pairs > 0 else None


def roc(happened: ArrayLike, predicted: ArrayLike, points: int = POINTS) -> dict[str, list[float]] | None:
    """The ROC curve, at evenly spread shares of false alarms.

    Args:
        happened: (n,), 1 or 0, or probabilities.
        predicted: (n,), any scores.
        points: of the curve.

    Returns:
        `false` and `true`, the shares of what did not happen and of what did that are predicted higher than some score; None
        where all happened or nothing did.
    """
    truth, score = np.asarray(happened, np.float64), np.asarray(predicted)
    _, group = np.unique(-score, return_inverse=True)
    yes, no = (np.append(0.0, np.cumsum(np.bincount(group, weight))) for weight in (truth, 1 - truth))
    if yes[-1] <= 0 or no[-1] <= 0:
        return None
    at = np.linspace(0, 1, points)
    return {"false": at.tolist(), "true": np.interp(at, no / no[-1], yes / yes[-1]).tolist()}


def log_loss(happened: ArrayLike, predicted: ArrayLike) -> float:
    """The mean negative log-likelihood.

    Args:
        happened: (n,), 1 or 0, or probabilities.
        predicted: (n,), probabilities, which are cut to `LEAST` from 0 and from 1.
    """
    return float(losses(happened, predicted).mean())


def losses(happened: ArrayLike, predicted: ArrayLike) -> Floats:
    """(n,) the negative log-likelihood of each impression.

    Args:
        happened: see `log_loss`.
        predicted: see there.
    """
    truth = np.asarray(happened, np.float64)
    chance = np.clip(np.asarray(predicted, np.float64), LEAST, 1 - LEAST)
    return np.asarray(-(truth * np.log(chance) + (1 - truth) * np.log1p(-chance)))


def auc_shares(happened: ArrayLike, predicted: ArrayLike) -> Floats | None:
    """(n,) numbers whose mean is the AUC, and whose spread is that of its estimate.

    What each impression contributes is the share of the others that it is ordered rightly against (DeLong, DeLong and
    Clarke-Pearson, Biometrics 1988); summed by cluster they give the variance of clustered data (Obuchowski, Biometrics 1997).

    Args:
        happened: see `auc`.
        predicted: see there.

    Returns:
        None where all happened or nothing did.
    """
    truth, score = np.asarray(happened, np.float64), np.asarray(predicted)
    _, group = np.unique(score, return_inverse=True)
    yes, no = np.bincount(group, truth), np.bincount(group, 1 - truth)
    if yes.sum() <= 0 or no.sum() <= 0:
        return None
    above_no = ((np.cumsum(no) - no / 2) / no.sum())[group]
    below_yes = ((yes.sum() - np.cumsum(yes) + yes / 2) / yes.sum())[group]
    area = float((truth * above_no).sum() / yes.sum())
    return np.asarray(
        area + truth * (above_no - area) / truth.mean() + (1 - truth) * (below_yes - area) / (1 - truth).mean(), np.float64
    )


def mean_by_cluster(values: ArrayLike, cluster: ArrayLike) -> Estimate:
    """The mean of values with its interval over clusters.

    Args:
        values: (n,).
        cluster: (n,) numbers of the clusters.
    """
    _, group = np.unique(np.asarray(cluster), return_inverse=True)
    return Estimate.from_ratio(np.bincount(group, np.asarray(values, np.float64)), np.bincount(group).astype(np.float64))


def root_mean_square(gaps: ArrayLike, cluster: ArrayLike) -> Estimate:
    """The root of the mean square with its interval over clusters: the roots of the ends of that of the mean square.

    Args:
        gaps: (n,).
        cluster: (n,) numbers of the clusters.
    """
    square = within(mean_by_cluster(np.asarray(gaps, np.float64) ** 2, cluster), 0.0, np.inf)
    return Estimate(*(None if each is None else float(np.sqrt(each)) for each in (square.mean, square.low, square.high)))


def within(estimate: Estimate, least: float, most: float) -> Estimate:
    """An estimate whose interval is cut to what is possible."""
    cut = (None if each is None else min(max(each, least), most) for each in (estimate.low, estimate.high))
    return Estimate(estimate.mean, *cut)


def reliability(happened: ArrayLike, predicted: ArrayLike, bins: int = BINS) -> dict[str, Floats]:
    """The reliability curve: what was predicted and what happened, in bins of about as many impressions each.

    Args:
        happened: (n,), 1 or 0, or probabilities.
        predicted: (n,), probabilities; equal ones share a bin.
        bins: at most.

    Returns:
        `predicted` and `happened`, the means of each bin, and its `count`.
    """
    truth, chance = np.asarray(happened, np.float64), np.asarray(predicted, np.float64)
    edges = np.unique(np.quantile(chance, np.arange(1, bins) / bins, method="inverted_cdf"))
    number = np.searchsorted(edges, chance, side="left")
    count = np.bincount(number, minlength=len(edges) + 1)
    some = count > 0
    means = (np.bincount(number, values, minlength=len(count))[some] / count[some] for values in (chance, truth))
    return {**dict(zip(("predicted", "happened"), means, strict=True)), "count": count[some].astype(np.float64)}


def ece(bins: dict[str, Floats]) -> float:
    """The expected calibration error: how far apart both means of a bin are, on average over impressions.

    With bins of as many impressions each, as for rare events (Nixon et al., "Measuring calibration in deep learning", CVPR
    workshops 2019).

    Args:
        bins: of `reliability`.
    """
    return float(np.average(np.abs(bins["predicted"] - bins["happened"]), weights=bins["count"]))


def rank_correlation(a: ArrayLike, b: ArrayLike) -> float | None:
    """Spearman's rank correlation of two columns (n,), with the mean rank of ties; None where one column is constant."""
    ranks = [_ranks(np.asarray(column).ravel()) for column in (a, b)]
    spread = [float(rank.std()) for rank in ranks]
    if min(spread) == 0:
        return None
    centred = [rank - rank.mean() for rank in ranks]
    return float((centred[0] * centred[1]).mean() / (spread[0] * spread[1]))


def _ranks(values: NDArray[Any]) -> Floats:
    _, group, count = np.unique(values, return_inverse=True, return_counts=True)
    return np.asarray((np.cumsum(count) - (count + 1) / 2)[group], np.float64)
