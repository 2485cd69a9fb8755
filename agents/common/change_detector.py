"""Detects that shoppers answer less than a model predicts, since a change."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from slategym.agents.common.pooling import pooled_total

LEAST_VARIANCE = 20.0  # of the answers in a block, above which its sum is close to normal
MOST_BLOCKS = 500  # that are looked back on
FALSE_ALARM = 1e-3  # probability of a false alarm, before the model's own errors
LEAST_DROP = 0.1  # of the answers: after a smaller drop, forgetting everything costs more than it brings
KEPT = 0.1  # weight that what was learned before a change keeps: the little that is still true spares exploring from scratch


class ChangeDetector:
    """A generalised likelihood-ratio test for a drop of answers, relative to what a model predicts for them.

    Steps are joined to blocks. For each split of the blocks, the mean standardised error after it is compared with the mean
    before it, and a change is reported where the difference exceeds sqrt(2 log(t^1.5 / delta)) deviations (Besson, Kaufmann,
    Maillard, Seznec, "Efficient change-point detection for piecewise-stationary bandits", JMLR 2022), if the answers have also
    fallen by a tenth: a model that still learns errs a little, too. Only drops count: items that became better show in no
    answer until they are tried.
    """

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Forget every step."""
        self.open = np.zeros(4)  # observed, expected, variance and steps of the block under way
        self.blocks = np.zeros((0, 4))

    def watch(self, clicks: NDArray[np.bool_], chance: NDArray[np.floating]) -> bool:
        """Count the clicks of a step, of all shards, and forget every step after a change.

        Args:
            clicks: (n, k) bool.
            chance: any shape, of the clicks that were possible, by a model that has not learned from the step.

        Returns:
            Whether there was a change.
        """
        sums = {"observed": clicks.sum(), "expected": chance.sum(), "variance": (chance * (1 - chance)).sum()}
        step = pooled_total(**{name: np.array(float(each)) for name, each in sums.items()})
        if self.add(*(each.item() for each in step.values())) is None:
            return False
        self.clear()
        return True

    def add(self, observed: float, expected: float, variance: float) -> int | None:
        """Count a step.

        Args:
            observed: answers of the step.
            expected: answers that the model predicted, before it learned from the step.
            variance: of their number, by the model.

        Returns:
            None, or the number of steps since the change, the present one included.
        """
        self.open += (observed, expected, variance, 1)
        if self.open[2] < LEAST_VARIANCE:
            return None
        self.blocks = np.concatenate([self.blocks, self.open[None]])[-MOST_BLOCKS:]
        self.open = np.zeros(4)
        return self._change()

    def _change(self) -> int | None:
        count = len(self.blocks)
        if count < 4:
            return None
        error = (self.blocks[:, 0] - self.blocks[:, 1]) / np.sqrt(self.blocks[:, 2])
        # From one block to the next, so that the change itself does not count as noise.
        deviation = max(np.sqrt(np.mean(np.diff(error) ** 2) / 2), 1.0)
        before = np.arange(1, count)
        after = count - before
        sums = np.cumsum(self.blocks[:, :2], axis=0)
        total = np.cumsum(error)
        drop = total[:-1] / before - (total[-1] - total[:-1]) / after
        score = drop * np.sqrt(before * after / count) / deviation
        ratio_before = sums[:-1, 0] / np.maximum(sums[:-1, 1], 1e-9)
        ratio_after = (sums[-1, 0] - sums[:-1, 0]) / np.maximum(sums[-1, 1] - sums[:-1, 1], 1e-9)
        score[ratio_after > (1 - LEAST_DROP) * ratio_before] = 0
        split = int(score.argmax())
        if score[split] < np.sqrt(2 * np.log(count**1.5 / FALSE_ALARM)):
            return None
        return int(self.blocks[split + 1 :, 3].sum())
