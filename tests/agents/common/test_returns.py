"""The prices of clicks by what they do to later visits."""

import numpy as np

from slategym.agents.common.returns import LEAST, ReturnModel

ITEMS, VISITS, ROWS = 20, 12, 400


def learned(effect, conversion_effect=0.0, seed=0, episodes=3):
    """A model of shoppers whose later rewards rise by the effects of the items that they clicked."""
    random = np.random.default_rng(seed)
    features = random.normal(size=(ITEMS, 2)).astype(np.float32)
    model = ReturnModel(features, 1)
    of_item = features @ effect
    for _ in range(episodes):
        pleasure = np.zeros(ROWS)
        taste = random.normal(size=(ROWS, 1)).astype(np.float32)
        for visit in range(VISITS):
            items = random.integers(ITEMS, size=(ROWS, 3))
            clicks = random.random((ROWS, 3)) < 0.3
            conversions = clicks & (random.random((ROWS, 3)) < 0.3)
            reward = clicks.sum(axis=1) + taste[:, 0] + pleasure
            pleasure = 0.9 * pleasure + (clicks * of_item[items]).sum(axis=1) + conversion_effect * conversions.sum(axis=1)
            left = np.full(ROWS, 1 - visit / VISITS, np.float32)
            over = np.full(ROWS, visit == VISITS - 1)
            model.learn(taste, left, items, clicks, conversions, reward, over)
    return model, of_item


def test_items_that_please_for_long_have_higher_prices():
    model, of_item = learned(np.array([0.3, -0.2]))
    prices, conversion = model.click_prices()
    assert np.corrcoef(prices, of_item)[0, 1] > 0.98
    # A click's effect of 1 is worth about the sum of 0.9**t over the visits that are left.
    slope = np.polyfit(of_item, prices, 1)[0]
    assert 4 < slope < 9
    assert abs(conversion) < 0.5


def test_a_conversion_has_a_price_of_its_own():
    model, _ = learned(np.zeros(2), conversion_effect=0.3)
    prices, conversion = model.click_prices()
    assert 1 < conversion < 3
    assert abs(prices).max() < 0.5


def test_what_is_earned_at_once_has_no_price():
    model, _ = learned(np.zeros(2))
    prices, conversion = model.click_prices()
    assert abs(prices).max() < 0.5
    assert abs(conversion) < 0.5


def test_nothing_is_said_before_some_episodes_are_over():
    model = ReturnModel(np.ones((3, 1), np.float32), 0)
    rows = LEAST - 1
    one = np.ones((rows, 1), bool)
    model.learn(np.zeros((rows, 0)), np.ones(rows), np.zeros((rows, 1), int), one, one, np.ones(rows), one[:, 0])
    assert not model.click_prices()[0].any()
    assert model.steps == []


def test_another_batch_begins_anew():
    model = ReturnModel(np.ones((3, 1), np.float32), 0)
    for rows in (5, 8):
        none = np.zeros((rows, 1), bool)
        model.learn(np.zeros((rows, 0)), np.ones(rows), np.zeros((rows, 1), int), none, none, np.ones(rows), none[:, 0])
    assert len(model.steps) == 1
    assert model.begun.tolist() == [1] * 8
