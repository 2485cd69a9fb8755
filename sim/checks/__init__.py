"""Whether user models and worlds keep what is asked of them: shapes, probabilities, reproducibility, speed."""

from slategym.testing.findings import Check, Finding
from slategym.testing.user_models.check import check_user_model, examine_user_model
from slategym.testing.world import check_world, examine_world

__all__ = ["Check", "Finding", "check_user_model", "check_world", "examine_user_model", "examine_world"]
