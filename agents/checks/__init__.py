"""Whether agents keep what is asked of them; and the checks of whatever is given."""

from slategym.agents.checks.agent import check_agent, examine_agent
from slategym.agents.checks.apart import PATIENCE, examine_apart
from slategym.agents.checks.subject import Checkable, Subject, examine

__all__ = ["PATIENCE", "Checkable", "Subject", "check_agent", "examine", "examine_agent", "examine_apart"]
