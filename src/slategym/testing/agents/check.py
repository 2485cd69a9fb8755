"""The checks of an agent."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from slategym.agents.registry import adapted, check_name
from slategym.sim.world import World
from slategym.sim.worlds import make_world
from slategym.testing.agents.allowed_checks import allows
from slategym.testing.agents.decision_checks import decides, global_state, inputs, same_seed, shares
from slategym.testing.agents.harness import Eager, Findings, Stumble, Trial
from slategym.testing.agents.propensity_checks import propensities
from slategym.testing.agents.state_checks import loops, predicts, refuses_nan, saves, speed
from slategym.testing.findings import Check, Finding, findings_of
from slategym.testing.probes import guarded

DECIDES, RANDOMNESS, SEED = "slates and propensities", "no global state", "same seed, same answer"
# Name, check, and the checks that must have passed first, so that one mistake is reported only once.
CHECKS: tuple[tuple[str, Callable[[Trial], Findings], tuple[str, ...]], ...] = (
    (DECIDES, decides, ()),
    ("inputs left alone", inputs, (DECIDES,)),
    (RANDOMNESS, global_state, (DECIDES,)),
    (SEED, same_seed, (DECIDES, RANDOMNESS)),
    ("no arrays shared", shares, (DECIDES, "inputs left alone", RANDOMNESS, SEED)),
    ("choices agree with propensities", propensities, (DECIDES,)),
    ("allowed items", allows, (DECIDES,)),
    ("predict", predicts, (DECIDES,)),
    ("NaN refused", refuses_nan, (DECIDES,)),
    ("save and load", saves, (DECIDES, RANDOMNESS, SEED)),
    ("no loop over shoppers", loops, (DECIDES,)),
    ("speed", speed, (DECIDES,)),
)


def check_agent(agent: str | Callable[..., Any], world: World | str | None = None) -> list[Finding]:
    """Return what is wrong with an agent, and what could be better.

    Args:
        agent: a name for `make_agent`, `my_agent.py:Mine`, a class or function of (problem, seed, scalarizer), or a subclass of
            an algorithm of Stable-Baselines3.
        world: the world for the checks; by default a shop of 12 items whose shoppers click and convert often.

    Raises:
        ValueError: there is no such agent or world.
    """
    return findings_of(examine_agent(agent, world))


def examine_agent(agent: str | Callable[..., Any], world: World | str | None = None) -> Iterator[Check]:
    """The checks of `check_agent`, one by one."""
    if isinstance(agent, str):
        check_name(agent)
    else:
        agent = adapted(agent)
    if world is None:
        world = make_world("Shop-v0", user_model=Eager(), items=12, categories=4, slate_size=3, visits=10)
    trial = Trial(agent, make_world(world) if isinstance(world, str) else world)
    failed: set[str] = set()
    for name, check, needs in CHECKS:
        if failed.intersection(needs):
            yield Check(name, left_out=True)
            continue
        found = _found(check, trial)
        if any(finding.severity == "failure" for finding in found):
            failed.add(name)
        yield Check(name, found, trial.notes.get(name, ""))


def _found(check: Callable[[Trial], Findings], trial: Trial) -> tuple[Finding, ...]:
    try:
        return guarded(lambda: tuple(check(trial)))
    except Stumble as stumble:
        return (stumble.finding,)
