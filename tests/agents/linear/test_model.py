"""The linear model against the same model written out in full."""

import numpy as np
import pytest

from slategym.agents.linear.hybrid import HybridModel
from slategym.agents.linear.statistics import Shopper

RIDGE, ITEM_RIDGE = 0.5, 2.0
SHOPPERS, ITEMS, RANKS, CONTEXT, FEATURES = 300, 7, 3, 2, 2


def generator(seed):
    return np.random.Generator(np.random.Philox(seed))


def drawn(seed, pressure, shoppers=SHOPPERS):
    random = generator(seed)
    context = random.normal(3, 2, (shoppers, CONTEXT + 1)).astype(np.float32)
    context[:, 0] = 1
    load = random.random((shoppers, ITEMS), np.float32) if pressure else None
    slate = random.permuted(np.tile(np.arange(ITEMS), (shoppers, 1)), axis=1)[:, :RANKS]
    outcomes = (random.random((shoppers, RANKS, 2)) < [0.4, 0.1]).astype(np.float32)
    return Shopper(context, load), slate, outcomes


@pytest.fixture(scope="module", params=[False, True], ids=["plain", "pressure"])
def fitted(request):
    features = generator(1).normal(2, 3, (ITEMS, FEATURES)).astype(np.float32)
    model = HybridModel(features, RANKS, CONTEXT, request.param, 2, 0, RIDGE, ITEM_RIDGE)
    shopper, slate, outcomes = drawn(2, request.param)
    model.add(shopper, slate, outcomes)
    delayed = np.array([[0, 1], [0, 1]], np.float32)
    model.add_delayed(shopper.take(slice(0, 2)), slate[:2, 0], delayed)
    outcomes[:2, 0] += delayed
    examination = model.position_bias.relative.copy()
    model.solve()
    return model, features, shopper, slate, outcomes, examination


def in_full(model, features, shopper, slate):
    """x of each shopper and item of a slate, with a column for each item's intercept; context standardised over `fitted`."""
    own = (features - features.mean(axis=0)) / features.std(axis=0)
    item = np.concatenate([np.ones((ITEMS, 1)), own], axis=1)
    rows = np.arange(len(slate))[:, None]
    x = (shopper[0][rows, :, None] * item[slate][:, :, None, :]).reshape(*slate.shape, -1)
    parts = [x] if shopper[1] is None else [x, shopper[1][rows, slate][:, :, None]]
    return np.concatenate([*parts, np.eye(ITEMS)[slate]], axis=2)


def solved(fitted):
    model, features, shopper, slate, outcomes, examination = fitted
    seen = np.repeat(shopper.context[:, 1:].astype(float), RANKS, axis=0)
    mean, spread = seen.mean(axis=0), seen.std(axis=0)

    def standard(each):
        context = np.concatenate([np.ones((len(each.context), 1)), (each.context[:, 1:] - mean) / spread], axis=1)
        return context, None if each.pressure is None else each.pressure.astype(float)

    x = in_full(model, features, standard(shopper), slate)
    shared = x.shape[2] - ITEMS
    # The ridge counts clicks, at the rate of clicks per examined impression (as if 1 in 100 had been seen before).
    for_a_click = (SHOPPERS * examination.sum() + 100) / (outcomes[:, :, 0].sum() + 1)
    prior = np.concatenate([np.full(shared, RIDGE * (CONTEXT + 1) * (FEATURES + 1)), np.full(ITEMS, ITEM_RIDGE)]) * for_a_click
    precision = np.diag(prior) + np.einsum("nkp,nkq,k->pq", x, x, examination)
    target = np.einsum("nkp,nkj->pj", x, outcomes)
    return (
        precision,
        np.linalg.solve(precision, target),
        lambda each: in_full(model, features, standard(each), np.tile(np.arange(ITEMS), (len(each.context), 1))),
    )


def test_mean(fitted):
    model = fitted[0]
    _, theta, rows = solved(fitted)
    shopper, _, _ = drawn(3, fitted[2].pressure is not None, 20)
    weights = np.array([1.0, 10.0])
    np.testing.assert_allclose(model.mean(shopper, weights), rows(shopper) @ theta @ weights, rtol=1e-3, atol=1e-3)


def test_width(fitted):
    model = fitted[0]
    precision, _, rows = solved(fitted)
    shopper, _, _ = drawn(3, fitted[2].pressure is not None, 20)
    x = rows(shopper)
    expected = np.sqrt(np.einsum("nmp,pq,nmq->nm", x, np.linalg.inv(precision), x))
    np.testing.assert_allclose(model.width(shopper), expected, rtol=1e-3)


def test_noise_has_the_posterior_covariance(fitted):
    model = fitted[0]
    precision, _, rows = solved(fitted)
    shopper, _, _ = drawn(3, fitted[2].pressure is not None, 1)
    x = rows(shopper)[0]
    expected = x @ np.linalg.inv(precision) @ x.T
    count = 40_000
    many = Shopper(
        np.tile(shopper.context, (count, 1)), None if shopper.pressure is None else np.tile(shopper.pressure, (count, 1))
    )
    noise = model.noise(many, generator(4))
    covariance = np.cov(noise.T)
    scale = np.sqrt(np.outer(np.diag(expected), np.diag(expected)))
    # The error of a correlation from so many draws is at most 1 / sqrt(count), of a variance sqrt(2 / count).
    assert abs((covariance - expected) / scale).max() < 5 * np.sqrt(2 / count)
    assert abs(noise.mean(axis=0) / np.sqrt(np.diag(expected))).max() < 5 / np.sqrt(count)


def test_sums_do_not_depend_on_batches():
    features = generator(1).normal(size=(ITEMS, FEATURES)).astype(np.float32)
    shopper, slate, outcomes = drawn(2, True, 700)
    models = []
    for cuts in ([], [1, 300]):
        model = HybridModel(features, RANKS, CONTEXT, True, 2, 0, RIDGE, ITEM_RIDGE)
        for rows in np.split(np.arange(700), cuts):
            model.add(shopper.take(slice(rows[0], rows[-1] + 1)), slate[rows], outcomes[rows])
        model.solve()
        models.append(model)
    fresh, _, _ = drawn(3, True, 20)
    np.testing.assert_allclose(models[0].mean(fresh, np.ones(2)), models[1].mean(fresh, np.ones(2)), atol=1e-4)


def test_examination_is_found():
    """Attraction depends on item and shopper; clicks fall by a known curve."""
    random = generator(5)
    curve = np.array([1.0, 0.6, 0.3])
    features = random.normal(size=(ITEMS, FEATURES)).astype(np.float32)
    model = HybridModel(features, RANKS, CONTEXT, False, 1, 0, 0.1, 1.0)
    for _ in range(20):
        context = np.ones((2000, CONTEXT + 1), np.float32)
        context[:, 1:] = random.normal(size=(2000, CONTEXT))
        slate = random.permuted(np.tile(np.arange(ITEMS), (2000, 1)), axis=1)[:, :RANKS]
        attraction = 0.3 + 0.05 * np.clip(context[:, 1:2] * features[slate, 0], -3, 3)
        clicks = random.random((2000, RANKS)) < curve * attraction
        model.add(Shopper(context, None), slate, clicks[:, :, None].astype(np.float32))
        model.solve()
    # 40,000 impressions a rank at a rate of 0.09 and more: the ratio's standard error is below 0.02 of it.
    np.testing.assert_allclose(model.position_bias.relative, curve, rtol=0.06)


def test_the_hybrid_form_is_algorithm_2_of_its_paper():
    """Li, Chu, Langford, Schapire 2010, algorithm 2, impression by impression, with the intercept as each arm's own features.

    The identities that it begins with are the ridges here, and an impression counts as much as its rank is examined.
    """
    features = generator(1).normal(2, 3, (ITEMS, FEATURES)).astype(np.float32)
    model = HybridModel(features, RANKS, CONTEXT, False, 2, 0, RIDGE, ITEM_RIDGE)
    shopper, slate, outcomes = drawn(2, False)
    model.add(shopper, slate, outcomes)
    examination = model.position_bias.relative.copy()
    model.solve()
    rows = solved((model, features, shopper, slate, outcomes, examination))[2]
    seen = shopper.context[:, 1:].astype(float)
    context = np.concatenate([np.ones((SHOPPERS, 1)), (seen - seen.mean(axis=0)) / seen.std(axis=0)], axis=1)
    z_of = in_full(model, features, (context, None), slate)[:, :, :-ITEMS]
    size = z_of.shape[2]
    for_a_click = (SHOPPERS * examination.sum() + 100) / (outcomes[:, :, 0].sum() + 1)
    shared = np.eye(size) * RIDGE * (CONTEXT + 1) * (FEATURES + 1) * for_a_click  # A_0
    right = np.zeros(size)  # b_0
    own, cross, gained = np.full(ITEMS, ITEM_RIDGE * for_a_click), np.zeros((ITEMS, size)), np.zeros(ITEMS)  # A_a, B_a, b_a
    for n, rank in np.ndindex(slate.shape):
        arm, root = slate[n, rank], np.sqrt(examination[rank])
        z, x, r = z_of[n, rank] * root, root, outcomes[n, rank, 0] / root
        shared += np.outer(cross[arm], cross[arm]) / own[arm]
        right += cross[arm] * gained[arm] / own[arm]
        own[arm] += x * x
        cross[arm] += x * z
        gained[arm] += r * x
        shared += np.outer(z, z) - np.outer(cross[arm], cross[arm]) / own[arm]
        right += r * z - cross[arm] * gained[arm] / own[arm]
    inverse = np.linalg.inv(shared)
    beta = inverse @ right
    theta = (gained - cross @ beta) / own
    some = drawn(3, False, 20)[0]
    z = rows(some)[:, :, :-ITEMS]
    np.testing.assert_allclose(model.mean(some, np.array([1.0, 0.0])), z @ beta + theta, rtol=1e-3, atol=1e-4)
    back = cross / own[:, None]  # A_a^-1 B_a
    variance = np.einsum("nmp,pq,nmq->nm", z, inverse, z) - 2 * np.einsum("nmp,pq,mq->nm", z, inverse, back)
    variance += 1 / own + np.einsum("mp,pq,mq->m", back, inverse, back)
    np.testing.assert_allclose(model.width(some), np.sqrt(variance), rtol=1e-3)
