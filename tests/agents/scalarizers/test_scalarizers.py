"""Scalarizers: their gradients, and where running averages that follow them end."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slategym.agents.scalarizers import (
    AugmentedChebyshev,
    GeneralisedGini,
    HypervolumeScalarizer,
    Lagrangian,
    NashWelfare,
    Schedule,
    SmoothChebyshev,
)
from slategym.agents.scalarizers.base import FixedSum

# Two arms whose mixtures are the whole front: (click, conversion).
ARMS = np.array([[0.10, 0.010], [0.04, 0.030]])
UTOPIA = ARMS.max(axis=0)
UTILITIES = {
    "fixed": lambda: FixedSum((1, 10)),
    "smooth chebyshev": lambda: SmoothChebyshev(UTOPIA),
    "augmented chebyshev": lambda: AugmentedChebyshev(UTOPIA),
    "nash": lambda: NashWelfare((1, 2), (0.001, 0.0001)),
    "gini": lambda: GeneralisedGini((1, 0.5), 1 / UTOPIA),
}

ROUNDED = ("augmented chebyshev", "gini")


@pytest.mark.parametrize("name", UTILITIES)
@settings(max_examples=50, deadline=None)
@given(click=st.floats(0.02, 0.2), convert=st.floats(0.005, 0.05))
def test_weights_are_the_gradient_of_the_utility(name, click, convert):
    scalarizer, value, step = UTILITIES[name](), np.array([click, convert]), 1e-7
    scaled = value / UTOPIA
    if abs(scaled[0] - scaled[1]) < 1e-3:
        return  # a kink of the utilities that have one
    slope = [
        (scalarizer.utility(value + step * unit) - scalarizer.utility(value - step * unit)) / (2 * step) for unit in np.eye(2)
    ]
    np.testing.assert_allclose(scalarizer.gradient(value), slope, rtol=1e-4, atol=1e-4)
    scalarizer.update(np.broadcast_to(np.float32(0), (10**14, 2)) if name in ROUNDED else np.zeros((1, 2), np.float32))
    np.testing.assert_allclose(scalarizer.weights(value), slope, rtol=1e-4, atol=1e-4)  # once corners are sharp


@pytest.mark.parametrize("name", UTILITIES)
@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(0.001, 0.5), min_size=4, max_size=4))
def test_utilities_are_concave(name, numbers):
    scalarizer, one, other = UTILITIES[name](), np.array(numbers[:2]), np.array(numbers[2:])
    middle = scalarizer.utility((one + other) / 2)
    assert middle >= (scalarizer.utility(one) + scalarizer.utility(other)) / 2 - 1e-9


def follow(scalarizer, steps=8_000):
    """The running mean of the better arm at each step's weights, and the path there."""
    value, path = np.zeros(2), []
    for step in range(steps):
        rewards = ARMS[(ARMS @ scalarizer.weights(value)).argmax()]
        scalarizer.update(rewards[None].astype(np.float32))
        value += (rewards - value) / (step + 1)
        path.append(value.copy())
    return value, np.array(path)


def test_nash_welfare_ends_at_the_published_mixture():
    """Two arms, d = 0: p* = .41667 of the first, V = (.065, .021667), in closed form."""
    value, _ = follow(NashWelfare((1, 1), (0, 0)))
    np.testing.assert_allclose(value, [0.065, 0.021667], rtol=2e-3)


@pytest.mark.parametrize("kind", [SmoothChebyshev, AugmentedChebyshev])
def test_chebyshev_holds_a_mixture_inside_the_face(kind):
    """Where shortfalls are equal shares of the utopia; smoothing moves it a little."""
    smooth = {"smoothness": 0.005} if kind is SmoothChebyshev else {"augmentation": 0.0}
    value, _ = follow(kind(UTOPIA, **smooth))
    balance = value / UTOPIA
    assert abs(balance[0] - balance[1]) < 0.01
    assert ARMS[:, 0].min() + 0.01 < value[0] < ARMS[:, 0].max() - 0.01


def test_a_fixed_sum_jumps_from_one_end_to_the_other():
    ends = [follow(FixedSum((1, weight)), 50)[0] for weight in (2.9, 3.1)]
    np.testing.assert_allclose(ends, ARMS)


@pytest.mark.parametrize("kind", ["augmented", "gini"])
def test_corners_are_found_between_the_ends_of_a_round_front(kind):
    """A quarter of a circle: what jumps between the objectives alone would end on the chord, at (1/2, 1/2)."""
    scalarizer = AugmentedChebyshev((1, 1), augmentation=0) if kind == "augmented" else GeneralisedGini((1, 0.2))
    value = np.zeros(2)
    for step in range(5_000):
        weights = scalarizer.weights(value)
        rewards = weights / np.linalg.norm(weights)
        scalarizer.update(np.tile(rewards.astype(np.float32), (10, 1)))
        value += (rewards - value) / (step + 1)
    np.testing.assert_allclose(value, np.sqrt(0.5), rtol=0.01)


def test_gini_weights_lie_between_the_permutations():
    gini = GeneralisedGini((1, 0.5, 0.25))
    gini.update(np.zeros((2500, 3), np.float32))  # rounded by a tenth
    np.testing.assert_allclose(gini.weights([0.3, 0.3, 0.9]), [0.75, 0.75, 0.25])
    near = gini.weights([0.32, 0.30, 0.9])
    assert 0.5 < near[0] < 0.75 < near[1] < 1
    np.testing.assert_allclose(near.sum(), 1.75)
    np.testing.assert_allclose(gini.gradient([0.32, 0.30, 0.9]), [0.5, 1, 0.25])


def test_gini_evens_out():
    value, _ = follow(GeneralisedGini((1, 0.1), 1 / UTOPIA))
    assert abs(value[0] / UTOPIA[0] - value[1] / UTOPIA[1]) < 0.01


def test_lagrangian_meets_its_floor_and_violates_ever_less():
    floor = 0.07
    value, path = follow(Lagrangian(1, floors={0: floor}, rate=5.0), 20_000)
    assert value[0] > floor * 0.99
    # The best conversions that the floor allows: half of each arm.
    np.testing.assert_allclose(value[1], 0.020, rtol=0.03)
    violation = np.maximum(floor - path[:, 0], 0) * np.arange(1, len(path) + 1)
    assert (violation[1000:] <= 10 * np.sqrt(np.arange(1001, len(path) + 1))).all()


def test_lagrangian_keeps_a_ceiling():
    value, _ = follow(Lagrangian(0, ceilings={0: 0.06}, floors={1: 0.0}, rate=5.0), 20_000)
    np.testing.assert_allclose(value[0], 0.06, rtol=0.03)


def test_nash_learns_its_disagreement_from_the_start():
    nash = NashWelfare(warm_up=100, share=0.5)
    for _ in range(5):
        nash.update(np.tile(np.float32([0.4, 0.02]), (50, 1)))
    np.testing.assert_allclose(nash.disagreement, [0.2, 0.01], rtol=1e-6)
    nash.update(np.tile(np.float32([9, 9]), (50, 1)))
    np.testing.assert_allclose(nash.disagreement, [0.2, 0.01], rtol=1e-6)


def test_nash_is_indifferent_to_units():
    value, scale = np.array([0.3, 0.02]), np.array([100, 7])
    one, other = NashWelfare((1, 1), (0.1, 0.01)), NashWelfare((1, 1), scale * (0.1, 0.01))
    np.testing.assert_allclose(other.weights(scale * value) * scale, one.weights(value))


def test_hypervolume_directions_average_to_the_hypervolume():
    """For M = 2 the mean over directions of min(V / l)^2 is the area V_0 V_1 times 4 / pi."""
    scalarizer, value, utilities = HypervolumeScalarizer((0.0, 0.0), seed=1), np.array([0.5, 0.3]), []
    for _ in range(40_000):
        scalarizer.update(np.zeros((1, 2), np.float32))
        utilities.append(scalarizer.utility(value))
    error = 4.5 * np.std(utilities) / np.sqrt(len(utilities))
    assert abs(np.mean(utilities) - 4 / np.pi * 0.15) < error
    assert (scalarizer.weights(value) > 0).sum() == 1


def test_a_schedule_changes_its_mind():
    schedule = Schedule([(0, FixedSum((1, 0))), (100, FixedSum((0, 1)))])
    seen = []
    for _ in range(4):
        seen.append(schedule.weights([0, 0]).tolist())
        schedule.update(np.zeros((40, 2), np.float32))
    assert seen == [[1, 0], [1, 0], [1, 0], [0, 1]]
    assert all(before != after for before, after in pairwise(seen[2:]))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda: SmoothChebyshev((0.0, 1.0)), "or give importance= for each"),
        (lambda: SmoothChebyshev(UTOPIA, (1.0,)), "expected 2 finite numbers"),
        (lambda: SmoothChebyshev(UTOPIA, (1.0, -1.0)), "expected numbers above 0"),
        (lambda: SmoothChebyshev(UTOPIA, smoothness=0), "smoothness is 0"),
        (lambda: AugmentedChebyshev(UTOPIA, augmentation=-1), "augmentation is -1"),
        (lambda: NashWelfare((0, 1)), "expected numbers above 0"),
        (lambda: NashWelfare((1, 1), (1,)), "expected 2 finite numbers"),
        (lambda: GeneralisedGini((0.5, 1)), "that do not increase"),
        (lambda: Lagrangian(1), "there are neither floors nor ceilings"),
        (lambda: Lagrangian(1, floors={5: 0.1}), "there is no objective 5"),
        (lambda: HypervolumeScalarizer((np.nan, 0)), "finite number"),
        (lambda: Schedule([(5, FixedSum())]), "expected 0 for the first"),
    ],
)
def test_parameters_out_of_range_are_refused(wrong, message):
    with pytest.raises(ValueError, match=message):
        wrong()
