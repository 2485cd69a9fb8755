"""Each model against a small reference that is written another way."""

import itertools

import numpy as np
import pytest
from scipy.special import expit

from slategym.agents.base import Problem
from slategym.agents.recommenders.bpr import BPR
from slategym.agents.recommenders.content import Content
from slategym.agents.recommenders.ease import EASE
from slategym.agents.recommenders.factors import ALS
from slategym.agents.recommenders.interactions import Interactions
from slategym.agents.recommenders.neighbours import ItemNeighbours, ShopperNeighbours
from slategym.sim.worlds import make_world

SHOPPERS, ITEMS = 30, 12


def interactions(liked, examined, first=0):
    row, item = np.nonzero(examined)
    who = np.arange(first, first + len(liked))
    return Interactions.of(who, row, item, liked[row, item], examined[row, item], liked.shape[1])


@pytest.fixture
def liked():
    random = np.random.default_rng(0)
    return random.integers(1, 4, (SHOPPERS, ITEMS)) * (random.random((SHOPPERS, ITEMS)) < 0.3)


@pytest.fixture
def examined(liked):
    random = np.random.default_rng(1)
    return np.where(liked > 0, 1.0 + random.random(liked.shape), (random.random(liked.shape) < 0.2) * 0.5)


def test_interactions_are_sums_over_impressions():
    made = Interactions.of(np.array([7, 9]), [1, 0, 1, 1], [2, 0, 2, 1], [1.0, 3.0, 1.0, 0.0], [1.0, 0.5, 0.25, 1.0], 3)
    assert made.liked.toarray().tolist() == [[3, 0, 0], [0, 0, 2]]
    assert made.examined.toarray().tolist() == [[0.5, 0, 0], [0, 1, 1.25]]
    assert made.preferences.toarray().tolist() == [[2, 0, 0], [0, 0, 2 / 2.25]]
    assert made.preferences.nnz == 2


def cosine(a, b):
    length = np.linalg.norm(a) * np.linalg.norm(b)
    return a @ b / length if length else 0.0


def test_item_neighbours(liked, examined):
    model = ItemNeighbours(ITEMS, neighbours=3, shrinkage=2.0)
    model.fit(interactions(liked, examined))
    r = liked / (examined + 1)
    similarity = np.zeros((ITEMS, ITEMS))
    for i, j in itertools.permutations(range(ITEMS), 2):
        both = np.sum((r[:, i] > 0) & (r[:, j] > 0))
        similarity[i, j] = cosine(r[:, i], r[:, j]) * both / (both + 2.0)
    for row in similarity:
        row[np.argsort(-row, kind="stable")[3:]] = 0
    np.testing.assert_allclose(model.scores(interactions(liked[:5], examined[:5])), r[:5] @ similarity.T, atol=1e-12)


def test_shopper_neighbours_leave_the_shopper_out(liked, examined):
    model = ShopperNeighbours(ITEMS, neighbours=4)
    assert (model.scores(interactions(liked, examined)) == 0).all()
    model.fit(interactions(liked, examined))
    r = liked / (examined + 1)
    expected = np.zeros((SHOPPERS, ITEMS))
    for u in range(SHOPPERS):
        similarity = np.array([cosine(r[u], r[v]) if u != v else 0 for v in range(SHOPPERS)])
        for v in np.argsort(-similarity, kind="stable")[:4]:
            expected[u] += similarity[v] * r[v]
    np.testing.assert_allclose(model.scores(interactions(liked, examined)), expected, atol=1e-12)
    other = model.scores(interactions(liked[:3], examined[:3], first=1000))  # others who did the same have a twin
    assert (other.max(axis=1) > expected[:3].max(axis=1)).any()


def test_shoppers_are_scored_the_same_in_blocks(liked, examined, monkeypatch):
    model = ShopperNeighbours(ITEMS, neighbours=4)
    model.fit(interactions(liked, examined))
    whole = model.scores(interactions(liked, examined))
    monkeypatch.setattr("slategym.agents.recommenders.neighbours.PAIRS", 7 * SHOPPERS)
    np.testing.assert_array_equal(model.scores(interactions(liked, examined)), whole)


def test_ease_is_the_best_matrix_without_a_diagonal(liked, examined):
    model = EASE(ITEMS, regularisation=3.0)
    model.fit(interactions(liked, examined))
    r, weights = liked / (examined + 1), model.weights
    assert (np.diag(weights) == 0).all()
    slope = r.T @ (r @ weights - r) + 3.0 * weights  # of the squared errors: 0 but on the diagonal, where weights are held
    np.testing.assert_allclose(slope[~np.eye(ITEMS, dtype=bool)], 0, atol=1e-10)
    assert np.abs(weights).max() > 0.05
    for j in range(ITEMS):  # and each column is a ridge regression on the other items
        others = np.delete(r, j, axis=1)
        column = np.linalg.solve(others.T @ others + 3.0 * np.eye(ITEMS - 1), others.T @ r[:, j])
        np.testing.assert_allclose(np.delete(weights[:, j], j), column, atol=1e-10)
    np.testing.assert_allclose(model.scores(interactions(liked[:4], examined[:4])), r[:4] @ weights, atol=1e-12)


def test_ease_refuses_many_items():
    with pytest.raises(ValueError, match=r"there are 5,001 items: expected at most 5,000.*recommender:item-knn"):
        EASE(5001, 1.0)


def test_als_solves_the_normal_equations(liked, examined):
    made = interactions(liked, examined)
    model = ALS(ITEMS, np.random.default_rng(2), factors=3, alpha=4.0, regularisation=0.7, sweeps=2)
    certainty, preference = 1 + 4.0 * examined, liked / (examined + 1)

    def solved(certainty, preference, vectors):
        rows = []
        for c, p in zip(certainty, preference, strict=True):
            left = vectors.T @ np.diag(c) @ vectors + 0.7 * np.eye(3)
            rows.append(np.linalg.solve(left, vectors.T @ (c * p)))
        return np.array(rows)

    def loss(u, v):
        return (certainty * (preference - u @ v.T) ** 2).sum() + 0.7 * ((u**2).sum() + (v**2).sum())

    v = model.vectors.copy()
    losses = []
    for _ in range(2):
        u = solved(certainty, preference, v)
        v = solved(certainty.T, preference.T, u)
        losses.append(loss(u, v))
    model.fit(made)
    np.testing.assert_allclose(model.vectors, v, atol=1e-10)
    assert losses[1] < losses[0]
    expected = solved(certainty[:5], preference[:5], v) @ v.T
    np.testing.assert_allclose(model.scores(interactions(liked[:5], examined[:5])), expected, atol=1e-10)


def test_als_scores_nobody_who_did_nothing():
    model = ALS(ITEMS, np.random.default_rng(2), 3, 4.0, 0.7, 2)
    nothing = np.zeros((2, ITEMS))
    assert (model.scores(interactions(nothing, nothing)) == 0).all()


def planted(random, shoppers):
    """Shoppers of two kinds, each of which likes its own half of the items."""
    kind = random.integers(2, size=shoppers)
    own = (np.arange(ITEMS) % 2)[None] == kind[:, None]
    return kind, (own & (random.random(own.shape) < 0.5)).astype(float)


def test_bpr_orders_a_planted_structure():
    random = np.random.default_rng(3)
    _, liked = planted(random, 200)
    model = BPR(ITEMS, random, factors=4, learning_rate=0.1, regularisation=0.01, epochs=20)
    model.fit(interactions(liked, liked))
    kind, new = planted(random, 50)
    known = new.sum(axis=1) >= 2
    scores = model.scores(interactions(new, new))[known]
    own = (np.arange(ITEMS) % 2)[None] == kind[known][:, None]
    assert (np.where(own, scores, np.inf).min(axis=1) > np.where(own, -np.inf, scores).max(axis=1)).mean() > 0.95


def test_a_step_of_bpr_ascends_the_likelihood_of_its_pairs():
    random = np.random.default_rng(4)
    model = BPR(ITEMS, random, 3, learning_rate=1e-4, regularisation=0.3, epochs=1)
    model.bias = random.normal(size=ITEMS)
    shoppers, who = random.normal(size=(4, 3)), np.array([0, 1, 1, 3])
    clicked, other = np.array([1, 2, 3, 1]), np.array([5, 5, 1, 7])
    parameters = [shoppers, model.vectors, model.bias]

    def objective():
        u, v, b = parameters
        x = b[clicked] - b[other] + (u[who] * (v[clicked] - v[other])).sum(axis=1)
        size = (u[who] ** 2).sum() + sum((v[item] ** 2).sum() + (b[item] ** 2).sum() for item in (clicked, other))
        return np.log(expit(x)).sum() - 0.3 / 2 * size

    slopes = []
    for array in parameters:
        slope = np.zeros_like(array)
        for place in np.ndindex(array.shape):
            held = array[place]
            array[place] = held + 1e-5
            above = objective()
            array[place] = held - 1e-5
            slope[place] = (above - objective()) / 2e-5
            array[place] = held
        slopes.append(slope)
    before = [array.copy() for array in parameters]
    model._step(shoppers, who, clicked, other)
    for old, new, slope in zip(before, parameters, slopes, strict=True):
        np.testing.assert_allclose((new - old) / 1e-4, slope, atol=2e-3)  # vectors of items moved after those of shoppers


def test_folding_in_finds_the_best_vector(liked, examined):
    model = BPR(ITEMS, np.random.default_rng(5), 3, 0.1, 0.2, 1)
    model.vectors *= 10
    made = interactions(liked[:4], examined[:4])
    found, r = model.fold_in(made), liked / (examined + 1)
    difference, bias = model.vectors - model.vectors.mean(axis=0), model.bias - model.bias.mean()
    for u, row in zip(found, r, strict=False):
        count = (row > 0).sum()
        pull = row * count / max(row.sum(), 1e-12) * expit(-(bias + difference @ u))
        np.testing.assert_allclose(pull @ difference, 0.2 * max(count, 1) * u, atol=1e-3)


def test_content_is_the_cosine_to_the_mean_of_what_was_liked(liked, examined):
    problem = Problem.of(make_world("ShopBandit-v0", items=ITEMS, categories=3))
    model, features = Content(problem), problem.features.astype(float)
    spread = features.std(axis=0)
    z = (features - features.mean(axis=0)) / np.where(spread > 0, spread, 1)
    z /= np.linalg.norm(z, axis=1, keepdims=True)
    r = liked / (examined + 1)
    expected = [[cosine(row @ z, item) for item in z] for row in r]
    np.testing.assert_allclose(model.scores(interactions(liked, examined)), expected, atol=1e-5)
    assert (model.scores(interactions(np.zeros((1, ITEMS)), np.zeros((1, ITEMS)))) == 0).all()
