"""A slate and its outcome as text, for `render_mode="ansi"`."""

from __future__ import annotations

from slategym.envs.rendering.scene import Scene


def slate_text(scene: Scene) -> str:
    """A line per rank (the item, its category and price, and the click or conversion), and a last line if the episode ended."""
    if scene.slate is None:
        return "no slate has been shown yet"
    catalog, lines = scene.world.catalog, []
    for rank, item in enumerate(scene.slate):
        outcome = "clicked" * bool(scene.clicks[rank])
        if scene.conversions[rank]:
            outcome += f", converted for {scene.revenue[rank]:.2f}"
        about = f"item {catalog.name(int(item))} of category {catalog.category[item]} at {catalog.price[item]:.2f}"
        lines.append(f"{rank + 1:2d}. {about}  {outcome}".rstrip())
    if scene.terminated:
        lines.append("the shopper left")
    elif scene.truncated:
        lines.append("the last visit")
    return "\n".join(lines)
