"""Whether agents keep what is asked of them."""

from slategym.agents.checks.agent import check_agent, examine_agent

__all__ = ["check_agent", "examine_agent"]
