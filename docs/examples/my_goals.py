"""A custom scalarizer: falling returns in every objective."""

import numpy as np

from slategym import Scalarizer


class Cautious(Scalarizer):
    """The sum of the logarithms of the objectives, each a little above 0.

    Args:
        shift: what is added to each objective, so that none has a logarithm of 0.
    """

    def __init__(self, shift=0.1):
        self.shift = shift

    def utility(self, value):
        return float(np.log(np.asarray(value) + self.shift).sum())

    def weights(self, value):
        """The gradient of the utility: the weights that lead uphill from there."""
        return 1 / (np.asarray(value, np.float64) + self.shift)
