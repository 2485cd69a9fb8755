"""Inputs of five shoppers and six items, for the tests of networks."""

import numpy as np
import pytest
import torch
from tests.agents.predictors.small import SIZES, N

from slategym.agents.predictors.networks.inputs import Inputs, Past


@pytest.fixture(scope="module")
def inputs():
    random = np.random.default_rng(0)

    def normal(*shape):
        return torch.from_numpy(random.normal(size=shape))

    category = torch.arange(SIZES.items)[None] % 2
    past = torch.from_numpy(random.integers(0, 6, (N, 3)))
    there = torch.from_numpy(np.arange(3) >= np.arange(N)[:, None]).double()  # those of the last two shoppers are none
    told = torch.stack([there, there * (past % 2), there / (1 + past)], dim=-1)
    features = normal(1, 6, 4)
    clicked = Past(features[0][past], category[0][past], past, told)
    return Inputs(normal(N, 1, 3), normal(N, 1, 2), features, category, torch.arange(6)[None], normal(N, 6, 1), clicked)
