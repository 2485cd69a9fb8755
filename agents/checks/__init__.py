"""Whether agents keep what is asked of them; and the checks of whatever is given."""

from slategym.agents.checks.agent import check_agent, examine_agent
from slategym.agents.checks.subject import Checkable, Subject, examine

__all__ = ["Checkable", "Subject", "check_agent", "examine", "examine_agent"]
