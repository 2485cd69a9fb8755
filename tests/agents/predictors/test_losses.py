"""The losses, by hand and by what they estimate."""

import numpy as np
import pytest
import torch

from slategym.agents.predictors import losses


def values(*numbers):
    return torch.tensor(numbers, dtype=torch.float64)


def logit(p):
    return float(np.log(p / (1 - p)))


def test_the_losses_by_hand():
    click, conversion, examined = values(logit(0.4)), values(logit(0.25)), values(0.5)
    assert losses.of_clicks(click, examined, values(1.0)).item() == pytest.approx(-np.log(0.2))
    assert losses.of_clicks(click, examined, values(0.0)).item() == pytest.approx(-np.log(0.8))
    assert losses.of_clicked(conversion, values(1.0), values(1.0)).item() == pytest.approx(-np.log(0.25))
    assert losses.of_clicked(conversion, values(1.0), values(0.0)).item() == pytest.approx(-np.log(0.75))
    assert losses.of_clicked(conversion, values(0.0), values(0.0)).item() == 0
    assert losses.of_both(click, conversion, examined, values(1.0)).item() == pytest.approx(-np.log(0.05))
    assert losses.of_both(click, conversion, examined, values(0.0)).item() == pytest.approx(-np.log(0.95))
    rate, one, zero = values(np.log(0.5)), values(1.0), values(0.0)
    arrived = losses.delayed_feedback(conversion, rate, one, one, values(2.0), values(9.0))
    assert arrived.item() == pytest.approx(-np.log(0.25 * 0.5 * np.exp(-1)))
    still_open = losses.delayed_feedback(conversion, rate, one, zero, values(0.0), values(4.0))
    assert still_open.item() == pytest.approx(-np.log(0.75 + 0.25 * np.exp(-2)))
    assert losses.delayed_feedback(conversion, rate, zero, zero, values(0.0), values(4.0)).item() == 0


def test_a_certain_click_that_did_not_come_has_a_finite_loss():
    assert torch.isfinite(losses.of_clicks(values(50.0), values(1.0), values(0.0))).all()
    assert torch.isfinite(losses.of_both(values(50.0), values(50.0), values(1.0), values(0.0))).all()


def minimised(loss, start):
    parameters = [torch.tensor(each, dtype=torch.float64, requires_grad=True) for each in start]
    optimizer = torch.optim.LBFGS(parameters, max_iter=100, line_search_fn="strong_wolfe")

    def closure():
        optimizer.zero_grad()
        total = loss(*parameters).mean()
        total.backward()
        return total

    optimizer.step(closure)
    return [parameter.item() for parameter in parameters]


def delays(count, p, rate, window):
    """Clicks at random moments of a window, of which conversions come late: what has arrived at its end."""
    random = np.random.default_rng(0)
    elapsed, delay = random.uniform(0, window, count), random.exponential(1 / rate, count)
    arrived = (random.random(count) < p) & (delay < elapsed)
    return tuple(map(torch.from_numpy, (arrived.astype(float), np.where(arrived, delay, 0), elapsed)))


def test_delayed_feedback_finds_the_rate_that_open_conversions_hide():
    p, rate, count = 0.3, 0.2, 40_000
    arrived, delay, elapsed = delays(count, p, rate, 10.0)
    ones = torch.ones_like(arrived)
    found, log_rate = minimised(lambda a, b: losses.delayed_feedback(a, b, ones, arrived, delay, elapsed), (0.0, 0.0))
    (naive,) = minimised(lambda a: losses.of_clicked(a, ones, arrived), (0.0,))
    error = 4 * np.sqrt(p / count) * 5  # four deviations; the delay's own uncertainty widens them fivefold
    assert 1 / (1 + np.exp(-found)) == pytest.approx(p, abs=error)
    assert np.exp(log_rate) == pytest.approx(rate, rel=0.1)
    assert 1 / (1 + np.exp(-naive)) < p - 2 * error  # what is open counts as none


def test_weights_make_up_for_fake_negatives():
    """Each conversion stands as none and as one; unweighted that makes p / (1 + p) of p."""
    p = 0.4
    conversions, ones = torch.tensor([1.0] * 4 + [0.0] * 6, dtype=torch.float64), torch.ones(10, dtype=torch.float64)
    estimate = torch.zeros((), dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.SGD([estimate], lr=1.0)  # the weights move with the estimate, so no line search
    for _ in range(300):
        optimizer.zero_grad()
        losses.fake_negative(estimate, ones, conversions).mean().backward()
        optimizer.step()
    assert torch.sigmoid(estimate).item() == pytest.approx(p, abs=1e-3)
