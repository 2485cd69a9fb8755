"""Positions of labels in plots that avoid overlaps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

Box = tuple[float, float, float, float]  # left, bottom, right, top, in pixels
Span = tuple[float, float, float]  # low, middle, high
LABEL_GAP = 17.0  # vertical distance between two labels, in pixels
# plotly's text positions in order of preference, with the direction from the point to the label.
SIDES = {
    "middle right": (1, 0),
    "middle left": (-1, 0),
    "top center": (0, 1),
    "bottom center": (0, -1),
    "top right": (1, 1),
    "bottom right": (1, -1),
    "top left": (-1, 1),
    "bottom left": (-1, -1),
}


def spread(heights: Sequence[float]) -> list[float]:
    """Heights moved as little as possible to be `LABEL_GAP` apart: neighbours that are too close are centred on their mean."""
    order = sorted(range(len(heights)), key=lambda place: heights[place])
    pools: list[list[int]] = []
    for place in order:
        pools.append([place])
        while len(pools) > 1 and _foot(heights, pools[-1]) < _foot(heights, pools[-2]) + LABEL_GAP * len(pools[-2]):
            pools[-2:] = [pools[-2] + pools[-1]]
    moved = list(heights)
    for pool in pools:
        for step, place in enumerate(pool):
            moved[place] = _foot(heights, pool) + LABEL_GAP * step
    return moved


def _foot(heights: Sequence[float], pool: Sequence[int]) -> float:
    """The lowest height of a pool of labels centred on their mean."""
    return sum(heights[place] for place in pool) / len(pool) - LABEL_GAP * (len(pool) - 1) / 2


def positions(
    points: Mapping[str, tuple[Span, Span]],
    widths: Mapping[str, float],
    height: float,
    texts: Sequence[tuple[float, float, float]] = (),
) -> dict[str, str]:
    """Choose the side of each point's label greedily, so that labels do not cover points, intervals or other labels.

    The cost is summed over plots that are 280 and 960 pixels wide, so that one choice suits a phone and a wide screen.

    Args:
        points: the points and the ends of their intervals, as shares of the plot's width and height.
        widths: widths of the labels, in pixels.
        height: height of the plot, in pixels.
        texts: other texts in the plot: left end and middle, as shares, and width in pixels.

    Returns:
        One of plotly's text positions for each point.
    """
    frames = (280.0, 960.0)
    taken: dict[float, list[Box]] = {frame: [] for frame in frames}
    for frame in frames:
        for (left, x, right), (low, y, high) in points.values():
            taken[frame] += [
                (x * frame - 7, y * height - 7, x * frame + 7, y * height + 7),
                (left * frame, y * height - 1, right * frame, y * height + 1),
                (x * frame - 1, low * height, x * frame + 1, high * height),
            ]
        taken[frame] += [(x * frame, y * height - 7, x * frame + width, y * height + 7) for x, y, width in texts]
    chosen: dict[str, str] = {}
    for name, ((_, x, _), (_, y, _)) in points.items():

        def box(place: str, frame: float, x: float = x, y: float = y, width: float = widths[name]) -> Box:
            across, up = SIDES[place]
            left, bottom = x * frame + across * (8 + width / 2) - width / 2, y * height + up * 15 - 8
            return left, bottom, left + width, bottom + 16

        def cost(place: str) -> float:
            total = 0.0
            for frame in frames:
                label = box(place, frame)
                outside = max(0.0, -label[0]) + max(0.0, label[2] - frame)
                total += 16 * outside + sum(_overlap(label, other) for other in taken[frame])
            return total

        chosen[name] = min(SIDES, key=cost)
        for frame in frames:
            taken[frame].append(box(chosen[name], frame))
    return chosen


def _overlap(a: Box, b: Box) -> float:
    """The area of the overlap of two boxes."""
    return max(0.0, min(a[2], b[2]) - max(a[0], b[0])) * max(0.0, min(a[3], b[3]) - max(a[1], b[1]))
