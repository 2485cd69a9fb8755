"""Detects changes after which there are fewer clicks than a model predicts."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from slategym.agents.common.pooling import pooled_total

LEAST_VARIANCE = 20.0  # smallest variance of the clicks in a block, so that their sum is close to normal
MOST_BLOCKS = 500  # number of most recent blocks that are tested
FALSE_ALARM = 1e-3  # probability of a false alarm if the model is correct
LEAST_DROP = 0.1  # smallest relative drop of clicks; after smaller drops, forgetting costs more than it gains
KEPT = 0.1  # weight of observations before a change, afterwards; 0 would mean to explore from scratch


class ChangeDetector:
    """A generalised likelihood-ratio test for a drop in the number of clicks relative to a model's predictions.

    Steps are joined into blocks. For each split of the blocks, the mean standardised error after the split is compared with the
    mean before it. A change is reported if the difference exceeds sqrt(2 log(t^1.5 / delta)) standard deviations (Besson,
    Kaufmann, Maillard, Seznec, "Efficient change-point detection for piecewise-stationary bandits", JMLR 2022) and the clicks
    have also fallen by a tenth, because a model that is still learning has small errors without a change. Only drops are
    reported: items that have become better change no clicks until they are shown.
    """

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Forget every step."""
        self.open = np.zeros(4)  # observed, expected, variance and steps of the incomplete block
        self.blocks = np.zeros((0, 4))

    def watch(self, clicks: NDArray[np.bool_], chance: NDArray[np.floating]) -> bool:
        """Add the clicks of a step, over all shards; after a change, forget all steps.

        Args:
            clicks: (n, k) bool.
            chance: any shape, the click probabilities of the impressions, by a model that has not learned from the step.

        Returns:
            Whether a change was detected.
        """
        sums = {"observed": clicks.sum(), "expected": chance.sum(), "variance": (chance * (1 - chance)).sum()}
        step = pooled_total(**{name: np.array(float(each)) for name, each in sums.items()})
        if self.add(*(each.item() for each in step.values())) is None:
            return False
        self.clear()
        return True

    def add(self, observed: float, expected: float, variance: float) -> int | None:
        """Add a step.

        Args:
            observed: number of clicks in the step.
            expected: number of clicks predicted by the model before it learned from the step.
            variance: variance of the number of clicks, by the model.

        Returns:
            The number of steps since a change, including the current step; None if no change was detected.
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
        # Differences of successive blocks, so that the change itself does not count as noise.
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
