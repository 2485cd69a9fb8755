"""A world of two kinds of shoppers, whose front is made of a few long straight faces."""

from dataclasses import dataclass, replace

import numpy as np
from tests.agents.tiny import TwoKinds, two_kinds

# Items 0 to 3 are bait, two for each kind; 4 and 5 are converted now and then; 6 and 7 are clicked little and mostly converted.
CONVERT = np.array([0.02, 0.02, 0.02, 0.02, 0.15, 0.15, 0.90, 0.80])


@dataclass(frozen=True)
class Faces(TwoKinds):
    def conversion(self, shoppers, catalog, slate):
        return np.broadcast_to(CONVERT[slate], (len(shoppers), len(CONVERT) if slate is None else slate.shape[1]))


def faces():
    return replace(two_kinds(), name="Faces-v0", user_model=Faces())
