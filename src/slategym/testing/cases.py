"""Test classes to subclass: each check of an agent, a user model or a world is a separate test."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any, ClassVar
from unittest import SkipTest

from slategym.sim.world import World
from slategym.testing.agents.check import CHECKS
from slategym.testing.discovery import examine
from slategym.testing.findings import Check
from slategym.testing.user_models.check import NAMES as USER_MODEL_CHECKS
from slategym.testing.world import NAMES as WORLD_CHECKS


class _SubjectTests:
    """Base of the test classes: runs the checks once per class, and reports each outcome in its own test.

    Attributes:
        subject: the object to check.
        world: the world for the checks of an agent or a user model, instead of the default one.
    """

    subject: ClassVar[Any]
    world: ClassVar[World | str | None] = None
    kind: ClassVar[str]

    @classmethod
    def checks(cls) -> dict[str, Check]:
        """The checks by name, run when they are first needed.

        Raises:
            TypeError: the class has no subject, or its subject is of another kind.
        """
        if "_made" not in vars(cls):
            if not hasattr(cls, "subject"):
                raise TypeError(f"{cls.__name__} has no subject: expected a class attribute, such as `subject = Mine`")
            examined = examine(cls.subject, cls.world)
            if examined.kind != cls.kind:
                raise TypeError(f"the subject of {cls.__name__} is of kind {examined.kind!r}: expected {cls.kind!r}")
            cls._made = {check.name: check for check in examined.checks}
        return cls._made

    _made: ClassVar[dict[str, Check]]


class AgentTests(_SubjectTests):
    """The checks of an agent as tests, for pytest and unittest.

    ```python
    from slategym.testing import AgentTests

    class TestMine(AgentTests):
        subject = Mine  # or "my_agent.py:Mine", or a function of (problem, seed, scalarizer)
    ```

    Attributes:
        subject: an agent's class, a function that makes an agent, or its name.
        world: the world for the checks, instead of a shop of 12 items whose shoppers click and convert often.
    """

    kind = "agent"


class UserModelTests(_SubjectTests):
    """The checks of a user model as tests; used like `AgentTests`.

    Attributes:
        subject: a user model, its class, or `my_shop.py:Impatient`.
        world: the world whose catalogue and slates are used, instead of Shop-v0.
    """

    kind = "user model"


class WorldTests(_SubjectTests):
    """The checks of a world and of its user model as tests; used like `AgentTests`.

    Attributes:
        subject: a world, a function that makes one, its name, or `my_shop.py:Bookshop`.
    """

    kind = "world"


def _test(name: str) -> Callable[[_SubjectTests], None]:
    def test(self: _SubjectTests) -> None:
        check = self.checks().get(name)
        if check is None:
            raise SkipTest(f"{name}: there is nothing to check")
        if check.left_out:
            raise SkipTest(f"{name}: skipped until the failures are fixed")
        failures = [str(finding) for finding in check.findings if finding.severity == "failure"]
        assert not failures, "\n".join(failures)

    test.__name__ = f"test_{re.sub(r'[^a-z]+', '_', name.lower()).strip('_')}"
    test.__doc__ = f"The check {name!r}."
    return test


def _fill(tests: type[_SubjectTests], names: Iterable[str]) -> None:
    for name in names:
        made = _test(name)
        setattr(tests, made.__name__, made)


_fill(AgentTests, (name for name, _, _ in CHECKS))
_fill(UserModelTests, USER_MODEL_CHECKS)
_fill(WorldTests, WORLD_CHECKS)
