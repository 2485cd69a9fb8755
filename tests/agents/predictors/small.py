"""Small networks, of the size of the inputs in conftest.py."""

import torch

from slategym.agents.predictors.networks.inputs import GROUPS, Sizes
from slategym.agents.predictors.networks.names import NETWORKS

SIZES = Sizes(context=3, features=4, categories=2, items=6)
N = 5  # shoppers


def made(name, selected=GROUPS):
    """A network in float64, always with the same first weights."""
    torch.manual_seed(0)
    return NETWORKS[name](SIZES, 4, 8, selected).double()
