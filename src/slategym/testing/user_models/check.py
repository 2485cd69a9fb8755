"""The checks of a user model."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from slategym.sim.user_models.base import UserModel
from slategym.sim.world import World
from slategym.sim.worlds import make_user_model, make_world
from slategym.testing.findings import Check, Finding, findings_of
from slategym.testing.probes import ANYTHING, guarded, raised
from slategym.testing.user_models import method_checks as part_checks
from slategym.testing.user_models import simulation_checks as whole_checks
from slategym.testing.user_models.harness import UserModelHarness

ANSWERS = "shapes, dtypes and ranges"
SLOW = 10.0  # multiple of the built-in shoppers' time
NAMES = (  # names of all checks, in order
    "nothing kept on the instance",
    ANSWERS,
    "inputs left alone",
    "no global state",
    "same question, same answer",
    "no dependence on batch size or order",
    "no dependence on the rest of the slate",
    "clicks agree with their probability",
    "what is paid agrees with its mean",
    "best slate",
    "within bounds to the last visit",
    "same shoppers, same outcomes",
    "no loop over shoppers",
    "speed",
)


def check_user_model(user_model: UserModel | type[UserModel] | str, world: World | str = "Shop-v0") -> list[Finding]:
    """Return what is wrong with a user model, and what could be better.

    After a failure, the failed method and the methods that depend on it are not checked further, so that one mistake is reported
    only once.

    Args:
        user_model: an instance, a class that needs no arguments, or `my_shop.py:Impatient`.
        world: the world whose catalogue and slates are used.

    Raises:
        ValueError: there is no such user model or world.
    """
    return findings_of(examine_user_model(user_model, world))


def examine_user_model(user_model: UserModel | type[UserModel] | str, world: World | str = "Shop-v0") -> Iterator[Check]:
    """The checks of `check_user_model`, one by one."""
    place = make_world(world) if isinstance(world, str) else world
    if isinstance(user_model, type):
        name = user_model.__name__
        try:
            user_model = guarded(user_model)
        except ANYTHING as error:
            fix = "Give each argument of __init__ a default, so that the class needs no arguments"
            yield Check(ANSWERS, (Finding(raised(error), name, fix),))
            return
    exam = UserModelHarness(replace(place, user_model=make_user_model(user_model)))
    yield exam.over_parts("nothing kept on the instance", part_checks.Kept(), final=True)
    yield exam.over_parts(ANSWERS, part_checks.answers)
    yield exam.over_parts("inputs left alone", part_checks.inputs)
    yield exam.over_parts("no global state", part_checks.global_state)
    yield exam.over_parts("same question, same answer", part_checks.same_answer)
    yield exam.over_parts("no dependence on batch size or order", part_checks.rows_apart)
    yield exam.over_parts("no dependence on the rest of the slate", part_checks.items_apart)
    yield exam.overall("clicks agree with their probability", whole_checks.clicks_agree)
    yield exam.overall("what is paid agrees with its mean", whole_checks.spending_agrees)
    if exam.model.behaviours:
        yield exam.overall("amounts agree with their mean", whole_checks.behaviours_agree)
    yield exam.overall("best slate", whole_checks.best_is_best)
    yield exam.overall("within bounds to the last visit", whole_checks.within_bounds)
    yield exam.overall("same shoppers, same outcomes", whole_checks.same_outcomes)
    loops = exam.over_parts("no loop over shoppers", part_checks.Loops())
    yield loops
    yield _speed(exam, loops)


def _speed(exam: UserModelHarness, loops: Check) -> Check:
    if exam.broken:
        return Check("speed", left_out=True)
    times = guarded(lambda: whole_checks.slowness(exam.world))
    note = f"{times:.1f} times the time of the built-in shoppers in NumPy"
    if times < SLOW or loops.findings:
        return Check("speed", note=note)
    finding = Finding(
        f"takes {times:.0f} times as long as the built-in shoppers",
        f"{type(exam.model).__name__}, at a visit of 1000 shoppers,",
        "Compute in __init__ what is the same at every visit, and the rest with whole arrays",
        "hint",
    )
    return Check("speed", (finding,), note)
