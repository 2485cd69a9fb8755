"""The convex hull of points and of everything below them: its faces, its volume, and points on it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations, product

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog
from scipy.spatial import ConvexHull, HalfspaceIntersection

from slategym.utils.short_repr import Brief

Floats = NDArray[np.float64]
LEVEL = 1e-9  # tolerance for the components of normals


@dataclass(frozen=True, repr=False)
class Hull(Brief):
    """All values that some mixture of points (p, M) reaches or exceeds, above a floor.

    Attributes:
        normals: (f, M) the normals of its upper faces, at least 0 and of length 1.
        levels: (f,) the levels of its upper faces: inside, normals @ x <= levels.
        faces: (s, M) the upper faces spanned by points, as indices of these points; a face with more corners is split.
        volume: the volume above the floor.
    """

    normals: Floats
    levels: Floats
    faces: NDArray[np.int64]
    volume: float


def hull_below(points: Floats, floor: Floats) -> Hull:
    """The hull of points (p, M) and of everything below them, down to a floor (M,) that lies below every point."""
    count = points.shape[1]
    if count == 1:
        most = points.max()
        return Hull(np.ones((1, 1)), np.array([most]), np.array([[points[:, 0].argmax()]]), float(most - floor[0]))
    # The box below a point has its 2^M projections as corners; the points come first and keep their indices.
    corners = [np.where(kept, points, floor) for kept in product((True, False), repeat=count)]
    every = np.vstack(corners)
    first = np.sort(np.unique(np.round(every, 12), axis=0, return_index=True)[1])
    made = ConvexHull(every[first])
    normals, levels = made.equations[:, :-1], -made.equations[:, -1]
    upper = (normals > -LEVEL).all(axis=1)
    spanned = first[made.simplices[upper & (normals > LEVEL).all(axis=1)]]
    faces = spanned[(spanned < len(points)).all(axis=1)]
    plain = np.maximum(normals[upper], 0)
    plain /= np.linalg.norm(plain, axis=1, keepdims=True)
    once = np.unique(np.round(np.column_stack([plain, levels[upper]]), 9), axis=0, return_index=True)[1]
    return Hull(plain[once], levels[upper][once], faces, float(made.volume))


def volume_above(points: Floats, reference: Floats) -> float:
    """The volume of all values that mixtures of points (p, M) reach or exceed, above a reference (M,).

    The reference may lie above some points.
    """
    if not (points.max(axis=0, initial=-np.inf) > reference).all():
        return 0.0
    if (points >= reference).all():
        return hull_below(points, reference).volume
    low = np.minimum(points.min(axis=0), reference)
    floor = low - (points.max(axis=0) - low)
    hull = hull_below(points, floor)
    count = points.shape[1]
    if count == 1:
        return float(max(hull.levels[0] - reference[0], 0.0))
    # The point furthest inside the hull and above the reference; without one, the volume is 0.
    sides = np.vstack([np.column_stack([hull.normals, -hull.levels]), np.column_stack([-np.eye(count), reference])])
    rows = np.column_stack([sides[:, :-1], np.ones(len(sides))])
    inside = linprog(np.append(np.zeros(count), -1.0), A_ub=rows, b_ub=-sides[:, -1], bounds=[(None, None)] * (count + 1))
    centre = np.asarray(inside.x)
    if not inside.success or centre[-1] <= 1e-12 * np.abs(floor).max():
        return 0.0
    return float(ConvexHull(HalfspaceIntersection(sides, centre[:-1]).intersections).volume)


def on_faces(points: Floats, faces: NDArray[np.int64], count: int) -> Floats:
    """About `count` points that are spread evenly over faces (s, M) spanned by points (p, M), including their corners."""
    if len(faces) == 0 or points.shape[1] == 1:
        return points
    corners = points[faces]  # (s, M, M)
    edges = corners[:, 1:] - corners[:, :1]
    size = np.sqrt(np.maximum(np.linalg.det(edges @ edges.transpose(0, 2, 1)), 0))
    dimensions = points.shape[1] - 1
    spacing = (size.sum() / count) ** (1 / dimensions)
    pairs = combinations(range(dimensions + 1), 2)
    longest = np.max([np.linalg.norm(corners[:, a] - corners[:, b], axis=1) for a, b in pairs], axis=0)
    steps = np.maximum(np.ceil(longest / max(spacing, 1e-12)), 1).astype(np.int64)
    spread = [lattice(dimensions + 1, int(step)) @ face for step, face in zip(steps, corners, strict=True)]
    return np.asarray(np.unique(np.round(np.vstack([points, *spread]), 12), axis=0))


def lattice(count: int, steps: int) -> Floats:
    """All (l, count) shares that are multiples of 1 / steps and sum to one (Das, Dennis, SIAM J. Optimization 8, 1998)."""
    places = list(combinations(range(steps + count - 1), count - 1))
    bars = np.array(places, np.int64).reshape(len(places), count - 1)
    ends = np.column_stack([np.full(len(bars), -1), bars, np.full(len(bars), steps + count - 1)])
    return np.asarray((np.diff(ends, axis=1) - 1) / steps)
