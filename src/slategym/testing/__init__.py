"""Checks of user models, worlds and agents, as a function or as test classes, not tests of slategym itself.

```python
from slategym.testing import AgentTests, assert_sound

def test_mine():
    assert_sound("my_shop.py:Impatient")  # or Impatient, or Impatient()

class TestMine(AgentTests):  # a test for each check; there are also UserModelTests and WorldTests
    subject = Mine
```

`slategym check my_shop.py:Impatient` prints the same findings, and hints, in a terminal.
"""

from __future__ import annotations

from slategym.sim.world import World
from slategym.testing.agents.check import check_agent
from slategym.testing.cases import AgentTests, UserModelTests, WorldTests
from slategym.testing.discovery import Checkable, examine
from slategym.testing.findings import Finding
from slategym.testing.user_models.check import check_user_model
from slategym.testing.world import check_world

__all__ = [
    "AgentTests",
    "Finding",
    "UserModelTests",
    "WorldTests",
    "assert_sound",
    "check_agent",
    "check_user_model",
    "check_world",
]


def assert_sound(subject: Checkable, world: World | str | None = None) -> None:
    """Check a user model, a world or an agent.

    Args:
        subject: `my_shop.py:Impatient`, the name of a world or an agent, or an object: a user model or its class, a world or a
            function that makes one, an agent's class or a function of (problem, seed, scalarizer).
        world: the world for the checks of a user model or an agent, instead of the default one.

    Raises:
        AssertionError: a check failed; the message contains each failure: what is wrong, where, and how to fix it. Hints do not
            raise.
        ValueError: there is nothing of that name, or the subject is none of these.
    """
    examined = examine(subject, world)
    failures = [finding for check in examined.checks for finding in check.findings if finding.severity == "failure"]
    if failures:
        lines = [f"{finding.where} {finding.what}.\n      {finding.fix}." for finding in failures]
        raise AssertionError(f"the {examined.kind} {examined.name} is not sound:\n  - " + "\n  - ".join(lines))
