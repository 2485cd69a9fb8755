"""Whether user models and worlds keep what is asked of them: shapes, probabilities, reproducibility, speed."""

from slategym.sim.checks.finding import Check, Finding
from slategym.sim.checks.user_model import check_user_model, examine_user_model
from slategym.sim.checks.world import check_world, examine_world

__all__ = ["Check", "Finding", "check_user_model", "check_world", "examine_user_model", "examine_world"]
