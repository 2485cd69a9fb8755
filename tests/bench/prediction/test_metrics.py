"""Metrics of probabilities, against scikit-learn, SciPy and by hand."""

import numpy as np
import pytest
from scipy.stats import spearmanr

from slategym.bench.prediction.metrics import (
    auc,
    auc_shares,
    ece,
    judged,
    log_loss,
    rank_correlation,
    reliability,
    roc,
    root_mean_square,
)

RANDOM = np.random.default_rng(3)


def drawn(count=400, ties=20):
    predicted = RANDOM.integers(1, ties, count) / ties
    return RANDOM.random(count) < predicted, predicted


def test_auc_is_that_of_scikit_learn():
    reference = pytest.importorskip("sklearn.metrics")
    for ties in (3, 20, 10_000):
        happened, predicted = drawn(ties=ties)
        assert auc(happened, predicted) == pytest.approx(reference.roc_auc_score(happened, predicted))
        assert log_loss(happened, predicted) == pytest.approx(reference.log_loss(happened, predicted))
        found = roc(happened, predicted)
        false, true, _ = reference.roc_curve(happened, predicted, drop_intermediate=False)
        assert found["true"] == pytest.approx(np.interp(found["false"], false, true))


def test_auc_of_all_pairs():
    happened, predicted = drawn(60, 7)
    yes, no = predicted[happened], predicted[~happened]
    wins = (yes[:, None] > no).mean() + (yes[:, None] == no).mean() / 2
    assert auc(happened, predicted) == pytest.approx(wins)
    assert auc(np.ones(5), predicted[:5]) is None
    assert auc(happened, np.full(60, 0.3)) == 0.5


def test_exact_probabilities_give_expectations():
    truth, predicted = RANDOM.random(300), RANDOM.random(300)
    outcomes = RANDOM.random((4000, 300)) < truth
    losses = [log_loss(each, predicted) for each in outcomes]
    assert log_loss(truth, predicted) == pytest.approx(np.mean(losses), abs=4 * np.std(losses) / 4000**0.5)
    areas = [auc(each, predicted) for each in outcomes[:1000]]
    assert auc(truth, predicted) == pytest.approx(np.mean(areas), abs=4 * np.std(areas) / 1000**0.5 + 0.002)


def test_calibration():
    predicted = np.repeat([0.1, 0.4], 50)
    happened = np.concatenate([np.arange(50) < 10, np.arange(50) < 20])
    bins = reliability(happened, predicted, 2)
    assert bins["count"].tolist() == [50, 50]
    assert bins["predicted"] == pytest.approx([0.1, 0.4])
    assert bins["happened"] == pytest.approx([0.2, 0.4])
    assert ece(bins) == pytest.approx(0.05)
    # Equal predictions are never told apart by chance.
    assert reliability(happened, np.full(100, 0.3))["count"].tolist() == [100]
    spread = reliability(happened, np.linspace(0.01, 0.99, 100))
    assert spread["count"].tolist() == [10] * 10


def test_rank_correlation_is_that_of_scipy():
    a, b = RANDOM.integers(0, 9, 100), RANDOM.integers(0, 9, 100)
    assert rank_correlation(a, b) == pytest.approx(spearmanr(a, b).statistic)
    assert rank_correlation(a, np.ones(100)) is None


def test_nothing_to_judge():
    found = judged(np.zeros(0), np.zeros(0), np.zeros(0))
    assert (found["count"], found["auc"], found["reliability"]) == (0, None, None)


def test_shares_of_the_auc_add_up_to_it():
    for happened, predicted in (drawn(), (RANDOM.random(300), RANDOM.random(300))):
        assert auc_shares(happened, predicted).mean() == pytest.approx(auc(happened, predicted))
    assert auc_shares(np.ones(5), np.arange(5)) is None


def test_intervals_over_clusters_hold_as_often_as_they_say():
    """Shoppers whose impressions share a mood: over impressions instead the intervals would be too short."""
    random, runs, shoppers, each = np.random.default_rng(8), 400, 80, 12
    cluster = np.repeat(np.arange(shoppers), each)
    hits = dict.fromkeys(("auc", "log_loss", "rmse", "auc over impressions"), 0)
    many = []
    for _ in range(runs):
        mood = np.repeat(random.normal(size=shoppers), each)
        predicted = np.repeat(random.uniform(0.1, 0.6, shoppers), each)
        happened = random.random(len(cluster)) < 1 / (1 + np.exp(-(np.log(predicted / (1 - predicted)) + mood)))
        gap = mood + random.normal(size=len(cluster))
        many.append(
            (
                judged(happened, predicted, cluster),
                judged(happened, predicted, np.arange(len(cluster))),
                root_mean_square(gap, cluster),
            )
        )
    truth = {name: np.mean([each[0][name] for each in many]) for name in ("auc", "log_loss")}
    for found, alone, root in many:
        for name in ("auc", "log_loss"):
            hits[name] += found[f"{name}_interval"].low <= truth[name] <= found[f"{name}_interval"].high
        hits["auc over impressions"] += alone["auc_interval"].low <= truth["auc"] <= alone["auc_interval"].high
        hits["rmse"] += root.low <= 2**0.5 <= root.high
    error = (0.95 * 0.05 / runs) ** 0.5
    for name in ("auc", "log_loss", "rmse"):
        assert hits[name] / runs > 0.95 - 4 * error, name
    assert hits["auc over impressions"] / runs < 0.95 - 8 * error
