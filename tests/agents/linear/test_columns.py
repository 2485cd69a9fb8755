"""Columns that say nothing, or lie far from 0: constant, nearly constant, copied, huge and tiny ones."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slategym.agents.base import Decision, Problem
from slategym.agents.common.context_frame import LARGEST, ContextFrame
from slategym.agents.common.normalizer import RunningNormalizer
from slategym.agents.linear.agents import LinTS, LinUCB
from slategym.agents.policy_gradient.agent import PolicyGradient
from slategym.agents.policy_gradient.conditioned import ConditionedPolicyGradient
from slategym.sim.simulation import Simulation
from slategym.sim.worlds import make_world

WORLD = make_world("ShopBandit-v0", items=9, categories=3, slate_size=3, latent=3, objectives="click,conversion,revenue")
CONTEXT = WORLD.layout["context"]
WIDTH = CONTEXT.stop - CONTEXT.start
DATE = np.float32(1_700_000_000)

# What n numbers drawn from a generator become, at step t.
KINDS = {
    "constant": lambda drawn, t: np.full_like(drawn, 1.5),
    "nearly constant": lambda drawn, t: np.where(drawn > 0.5, np.nextafter(np.float32(1.5), np.float32(2)), np.float32(1.5)),
    "first unlike the others": lambda drawn, t: drawn if t else np.full_like(drawn, 1000.0),
    "constant, then not": lambda drawn, t: np.full_like(drawn, 1.5) if t < 3 else drawn,
    "hardly ever": lambda drawn, t: (drawn > 1.5).astype(np.float32),
    "rising": lambda drawn, t: np.float32(1000 + t) + drawn,
    "plain": lambda drawn, t: drawn,
}
COLUMN = st.tuples(st.sampled_from(list(KINDS)), st.integers(-44, 38), st.sampled_from([-1.0, 1.0]))


def column(kind, exponent, sign, drawn, t):
    """float32 numbers of about sign * 10**exponent, finite."""
    with np.errstate(over="ignore", under="ignore"):
        values = (sign * 10.0**exponent * KINDS[kind](drawn, t).astype(np.float64)).astype(np.float32)
    return np.nan_to_num(values)


def walk(agent, columns, rows, steps, problem):
    """Let an agent decide and learn, while its context has other columns; the last copies the one before."""
    simulation, random = Simulation(WORLD, 1, rows), np.random.default_rng(0)
    for t in range(steps):
        observation = simulation.observe()
        drawn = random.standard_normal((len(columns), rows)).astype(np.float32)
        for place, (each, numbers) in enumerate(zip(columns, drawn, strict=True)):
            observation[:, CONTEXT.start + place] = column(*each, numbers, t)
        observation[:, CONTEXT.stop - 1] = observation[:, CONTEXT.stop - 2]
        decision = agent.act(observation)
        feedback = simulation.show(decision.slate)
        agent.update(observation, decision, feedback)
        simulation.restart(feedback.terminated | feedback.truncated)
        yield decision


@pytest.mark.quick("LinTS", "PolicyGradient")
@pytest.mark.parametrize("kind", [LinUCB, LinTS, PolicyGradient, ConditionedPolicyGradient])
@settings(max_examples=20, deadline=None)
@given(
    columns=st.lists(COLUMN, min_size=WIDTH, max_size=WIDTH),
    features=st.lists(COLUMN, min_size=6, max_size=6),
    rows=st.sampled_from([1, 5, 64]),
    ridge=st.sampled_from([1e-6, 1.0]),
)
def test_agents_take_any_columns(kind, columns, features, rows, ridge):
    drawn = np.random.default_rng(1).standard_normal((len(features), WORLD.catalog.size)).astype(np.float32)
    made = [column(*each, numbers, 5) for each, numbers in zip(features, drawn, strict=True)]
    problem = replace(Problem.of(WORLD), features=np.stack([*made, made[0]], axis=1))
    options = {"ridge": ridge} if issubclass(kind, LinUCB | LinTS) else {"batch_size": 10}
    agent = kind(problem, 0, **options)
    for decision in walk(agent, columns, rows, 12, problem):
        assert all(len(set(slate)) == 3 for slate in decision.slate.tolist())
    if isinstance(agent, LinUCB | LinTS):
        assert np.isfinite(agent.model._theta).all()


@pytest.mark.parametrize("kind", [LinUCB, LinTS, PolicyGradient])
@pytest.mark.parametrize("size", [1.0, 0.1, -1e-30, 3.3e38, DATE])
@pytest.mark.parametrize("rows", [1, 37])
def test_a_constant_column_is_as_good_as_none(kind, size, rows):
    decisions = []
    for value in (0.0, size):
        features = np.concatenate([WORLD.catalog.features, np.full((9, 1), value, np.float32)], axis=1)
        agent = kind(replace(Problem.of(WORLD), features=features), 0)
        simulation, random = Simulation(WORLD, 1, rows), np.random.default_rng(0)
        for _ in range(6):
            observation = simulation.observe()
            observation[:, CONTEXT.start + 1] = value
            slate = np.argsort(random.random((rows, 9)), axis=1)[:, :3]
            agent.update(observation, Decision(slate, np.full(slate.shape, 0.1, np.float32)), simulation.show(slate))
        observation = simulation.observe()
        observation[:, CONTEXT.start + 1] = value
        decisions.append(agent.act(observation))
    np.testing.assert_array_equal(decisions[0].slate, decisions[1].slate)
    np.testing.assert_array_equal(decisions[0].propensity, decisions[1].propensity)


def test_a_linear_agent_learns_from_a_column_wherever_it_lies():
    """What is clicked follows a column; its unit and its zero do not matter, nor when they become known."""
    rates, parity = [], (np.arange(9, dtype=np.float32) % 2)[:, None]
    for unit, zero in ((1.0, 0.0), (1e25, 0.0), (1e-25, 0.0), (256.0, 1.7e9)):
        agent = LinUCB(replace(Problem.of(WORLD), features=parity), 0)
        simulation, random, right = Simulation(WORLD, 1, 200), np.random.default_rng(0), 0
        for _ in range(30):
            observation = simulation.observe()
            sign = random.choice([-1.0, 1.0], 200)
            observation[:, CONTEXT] = 0
            observation[:, CONTEXT.start] = zero + unit * sign
            decision = agent.act(observation)
            feedback = simulation.show(decision.slate)
            liked = (decision.slate % 2 == 0) == (sign[:, None] > 0)
            clicks = liked & (random.random(liked.shape) < 0.5)
            objectives = np.zeros_like(feedback.objectives)
            objectives[:, 0] = clicks.sum(axis=1)
            nothing = np.zeros_like(clicks)
            agent.update(
                observation,
                decision,
                replace(feedback, clicks=clicks, conversions=nothing, revenue=nothing.astype(np.float32), objectives=objectives),
            )
            right += liked[:, 0].sum()
        rates.append(right / 6000)
    assert min(rates) > 0.85
    assert max(rates) - min(rates) < 0.01


# The parts


def test_a_column_that_never_moved_is_exactly_0_and_one_that_did_is_on_one_scale():
    random = np.random.default_rng(0)
    standardiser = RunningNormalizer(4)
    batches = [
        np.stack([np.full(n, DATE), np.full(n, 0.1), DATE + 128 * random.integers(0, 3, n), 1e-30 * random.random(n)], axis=1)
        for n in (3, 1, 1000)
    ]
    for batch in batches:
        standardiser.update(batch.astype(np.float32))
    standard = standardiser(batches[-1].astype(np.float32))
    assert (standard[:, :2] == 0).all()
    np.testing.assert_allclose(standard[:, 2:].mean(axis=0), 0, atol=0.02)
    np.testing.assert_allclose(standard[:, 2:].std(axis=0), 1, atol=0.02)


@settings(max_examples=50, deadline=None)
@given(columns=st.lists(COLUMN, min_size=3, max_size=3), rows=st.sampled_from([1, 9]))
def test_what_a_frame_carries_over_is_what_it_would_have_made(columns, rows):
    frame, random = ContextFrame(3), np.random.default_rng(0)
    raw, framed = [], np.zeros((0, 4))
    for t in range(12):
        drawn = random.standard_normal((3, rows)).astype(np.float32)
        batch = np.stack([column(*each, numbers, t) for each, numbers in zip(columns, drawn, strict=True)], axis=1)
        carry = frame.follow(batch)
        if carry is not None:
            framed = framed @ carry.T
        raw.append(batch)
        framed = np.concatenate([framed, np.concatenate([np.ones((rows, 1)), frame(batch)], axis=1)])
        whole = np.concatenate(raw)
        now = framed[:, 1:]
        np.testing.assert_allclose(now, (whole - frame.shift) * frame.scale, rtol=1e-5, atol=1e-5 * max(1, np.abs(now).max()))
        equal = whole.min(axis=0) == whole.max(axis=0)
        assert (now[:, equal] == 0).all()
        # The mean stays near 0 and the deviation near 1, for sums in float32.
        moved = now[:, ~equal]
        assert (np.abs(moved.mean(axis=0)) <= 4.1 * moved.std(axis=0)).all()
        assert ((moved.std(axis=0) > 1 / 17) & (moved.std(axis=0) < 17)).all()
    assert np.abs(frame(np.full((1, 3), np.finfo(np.float32).max, np.float32))).max() <= LARGEST
