"""What clicks do to how long shoppers stay, by a regression of who leaves."""

import numpy as np

from slategym.agents.lookahead.staying import FADING, StayingModel

ITEMS, VISITS, ROWS = 20, 12, 1000
REWARD = np.array([1.0, 0.1])  # of a visit


def learned(effect, seed=0, episodes=6):
    """A model of shoppers whom the clicks on items keep, by the effects of the items' features."""
    random = np.random.default_rng(seed)
    features = random.normal(size=(ITEMS, 2)).astype(np.float32)
    model = StayingModel(features, 1, 2)
    of_item = features @ effect
    pleasure, visit, taste = np.zeros(ROWS), np.zeros(ROWS, int), random.normal(size=(ROWS, 1)).astype(np.float32)
    for _ in range(episodes * VISITS):
        items = random.integers(ITEMS, size=(ROWS, 3))
        clicks = random.random((ROWS, 3)) < 0.3
        pleasure = FADING * pleasure + (clicks * of_item[items]).sum(axis=1)
        terminated = random.random(ROWS) < np.clip(0.15 - pleasure, 0, 1)
        truncated = ~terminated & (visit == VISITS - 1)
        reward = np.outer(np.ones(ROWS) + taste[:, 0], REWARD)  # of who is there, whatever was clicked
        model.learn(taste, items, clicks, reward, terminated, truncated)
        over = terminated | truncated
        visit, pleasure = np.where(over, 0, visit + 1), np.where(over, 0, pleasure)
        taste[over] = random.normal(size=(over.sum(), 1))
    return model, of_item


def test_items_that_keep_shoppers_have_higher_effects():
    model, of_item = learned(np.array([0.02, -0.02]))
    effects = model.effects()
    assert np.corrcoef(effects, of_item)[0, 1] > 0.95
    # A click on an item counts at each later visit, less by FADING, while the shopper is there.
    stays = 1 - model.leavings / model.visits
    assert 0.6 < np.polyfit(of_item / (1 - FADING * stays), effects, 1)[0] < 1.2


def test_clicks_that_change_nothing_have_no_effect():
    """Although shoppers differ in what they earn."""
    model, _ = learned(np.zeros(2))
    assert abs(model.effects()).max() < 0.15


def test_a_stay_earns_its_visits():
    model, _ = learned(np.zeros(2))
    length = (1 - 0.85**VISITS) / 0.15
    np.testing.assert_allclose(model.stay, length * REWARD, rtol=0.1)


def test_where_nobody_leaves_there_is_no_effect():
    model = StayingModel(np.ones((3, 1), np.float32), 0, 1)
    assert not model.effects().any()
    assert not model.stay.any()
    none, one = np.zeros(5, np.bool_), np.ones((5, 1))
    for _ in range(4):
        model.learn(np.zeros((5, 0), np.float32), np.zeros((5, 1), np.int64), one > 0, one, none, none)
    assert not model.effects().any()
    assert not model.stay.any()


def test_another_batch_begins_anew():
    model = StayingModel(np.ones((3, 1), np.float32), 0, 1)
    for rows in (5, 8):
        none, one = np.zeros(rows, np.bool_), np.ones((rows, 1))
        model.learn(np.zeros((rows, 0), np.float32), np.zeros((rows, 1), np.int64), one > 0, one, none, none)
    np.testing.assert_array_equal(model.memory, np.ones((8, 2)))
