"""Whether agents keep what is asked of them; and the checks of whatever is given."""

from slategym.testing.agents.check import check_agent, examine_agent
from slategym.testing.isolation import PATIENCE, examine_apart
from slategym.testing.discovery import Checkable, Subject, examine

__all__ = ["PATIENCE", "Checkable", "Subject", "check_agent", "examine", "examine_agent", "examine_apart"]
