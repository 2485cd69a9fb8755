"""The linear models by name of their form."""

from __future__ import annotations

from typing import Literal

from slategym.agents.linear.disjoint import DisjointModel
from slategym.agents.linear.hybrid import HybridModel
from slategym.agents.linear.model import LinearModel
from slategym.agents.linear.shared import SharedModel

Form = Literal["hybrid", "disjoint", "shared"]
FORMS: dict[str, type[LinearModel]] = {"hybrid": HybridModel, "disjoint": DisjointModel, "shared": SharedModel}
