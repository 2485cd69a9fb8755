"""A slate and its outcome as a picture, for `render_mode="rgb_array"`."""

from __future__ import annotations

from colorsys import hsv_to_rgb
from functools import cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from slategym.envs.rendering.scene import Scene

COLUMNS = 5  # tiles per row
TILE, GAP, EDGE = (104, 108), 8, 12  # pixels
HEADER, BAR = 44, 18
INK, PALE, PAPER = (33, 37, 41), (222, 226, 230), (255, 255, 255)
CLICKED, CONVERTED = (21, 101, 192), (46, 125, 50)
NARROWEST = 304

Box = tuple[float, float, float, float]
Colour = tuple[int, int, int]


def slate_picture(scene: Scene) -> NDArray[np.uint8]:
    """(height, width, 3) uint8, the picture of a scene. Its size depends only on the world.

    At the top are the shopper, the visit and how the episode ended. A tile per rank shows the item in the colour of its category,
    its price relative to the highest price, and the shopper's click or conversion. Below the tiles is the observed history:
    visits so far, clicks, conversions, and the exposure of each category. The sides are multiples of 16, as video codecs require.
    """
    world = scene.world
    columns = min(world.slate_size, COLUMNS)
    rows = -(-world.slate_size // columns)
    history = [name for name in ("clock", "engagement", "exposure") if name in world.layout]
    bars = len(history) + ("engagement" in history)
    width = max(2 * EDGE + columns * (TILE[0] + GAP) - GAP, NARROWEST)
    height = HEADER + rows * (TILE[1] + GAP) + bars * BAR + EDGE
    width, height = (-(-side // 16) * 16 for side in (width, height))
    image = Image.new("RGB", (width, height), PAPER)
    draw = ImageDraw.Draw(image)
    _header(draw, scene, width)
    for rank in range(world.slate_size):
        row, column = divmod(rank, columns)
        _tile(draw, scene, rank, EDGE + column * (TILE[0] + GAP), HEADER + row * (TILE[1] + GAP))
    _history(draw, scene, history, width, HEADER + rows * (TILE[1] + GAP))
    return np.array(image)


def _header(draw: ImageDraw.ImageDraw, scene: Scene, width: int) -> None:
    row, number = scene.shopper % 2**32, scene.shopper >> 32  # identities as `Simulation` assigns them
    _write(draw, (EDGE, 6, width - EDGE, 22), f"{scene.world.name}, row {row}, shopper {number + 1}", 13)
    said = f"visit {scene.visit + 1} of {scene.world.visits}"
    if scene.slate is None:
        said += ": before the slate"
    if scene.delayed:
        said += f", {scene.delayed} delayed conversion{'s' if scene.delayed > 1 else ''}"
    if scene.terminated or scene.truncated:
        said += ", the shopper left" if scene.terminated else ", the last visit"
    _write(draw, (EDGE, 23, width - EDGE, 39), said)


def _tile(draw: ImageDraw.ImageDraw, scene: Scene, rank: int, x: int, y: int) -> None:
    catalog, (width, height) = scene.world.catalog, TILE
    if scene.slate is None:
        draw.rectangle((x, y, x + width - 1, y + 57), fill=None, outline=PALE)
        _write(draw, (x + 7, y + 2, x + width, y + 18), str(rank + 1))
        return
    item = int(scene.slate[rank])
    colour = _colour_of(int(catalog.category[item]))
    draw.rectangle((x, y, x + width - 1, y + 57), fill=colour)
    _write(draw, (x + 7, y + 2, x + width, y + 18), str(rank + 1))
    name = catalog.name(item)
    _write(draw, (x + 7, y + 20, x + width - 4, y + 38), name if catalog.names else f"item {name}", 13)
    _write(draw, (x + 7, y + 39, x + width - 4, y + 55), f"category {catalog.category[item]}")
    price, dearest = float(catalog.price[item]), float(catalog.price.max())
    _bar(draw, (x, y + 61, x + width - 1, y + 66), price / dearest if dearest > 0 else 0.0, INK)
    _write(draw, (x, y + 68, x + width, y + 84), f"{price:.2f}")
    if scene.conversions[rank]:
        deed, colour = f"conversion {scene.revenue[rank]:.2f}", CONVERTED
    elif scene.clicks[rank]:
        deed, colour = "click", CLICKED
    else:
        return
    draw.rectangle((x, y, x + width - 1, y + 57), outline=colour, width=3)
    draw.rectangle((x, y + height - 20, x + width - 1, y + height - 3), fill=colour)
    _write(draw, (x + 7, y + height - 20, x + width - 4, y + height - 3), deed, ink=PAPER)


def _history(draw: ImageDraw.ImageDraw, scene: Scene, fields: list[str], width: int, y: int) -> None:
    """Draw a bar for each number, as a share of its largest value; the bars of the categories are side by side."""
    layout, left = scene.world.layout, EDGE + 84
    high = layout.high
    for field in fields:
        numbers, most = scene.observation[layout[field]], high[layout[field]]
        names = ("clicks", "conversions") if field == "engagement" else ("visits",) if field == "clock" else ("shown before",)
        parts = [(0, len(numbers))] if field == "exposure" else [(at, at + 1) for at in range(len(numbers))]
        for name, (start, stop) in zip(names, parts, strict=True):
            _write(draw, (EDGE, y, left, y + BAR - 2), name)
            wide = (width - EDGE - left) / (stop - start)
            for place, at in enumerate(range(start, stop)):
                box = (left + place * wide, y + 3, left + (place + 1) * wide - 2, y + BAR - 4)
                share = float(numbers[at] / most[at])
                _bar(draw, box, share, _colour_of(at, dark=True) if field == "exposure" else INK)
            y += BAR


def _bar(draw: ImageDraw.ImageDraw, box: Box, share: float, colour: Colour) -> None:
    left, top, right, bottom = box
    draw.rectangle((left, top, max(right, left), bottom), fill=PALE)
    if share > 0:
        draw.rectangle((left, top, left + max(right - left, 0.0) * min(share, 1.0), bottom), fill=colour)


def _write(draw: ImageDraw.ImageDraw, box: Box, text: str, size: int = 11, ink: Colour = INK) -> None:
    """Write a left-aligned line of text, cut off at the end of the box."""
    font, (left, top, right, bottom) = _font(size), box
    if draw.textlength(text, font) > right - left:
        while text and draw.textlength(text + "...", font) > right - left:
            text = text[:-1]
        text += "..."
    draw.text((left, (top + bottom) / 2), text, ink, font, anchor="lm")


@cache
def _font(size: int) -> ImageFont.ImageFont | ImageFont.FreeTypeFont:
    return ImageFont.load_default(size)


@cache
def _colour_of(category: int, dark: bool = False) -> Colour:
    """The colour of a category. Categories with neighbouring numbers have very different hues."""
    red, green, blue = hsv_to_rgb(category * 0.618034 % 1, 0.65 if dark else 0.35, 0.7 if dark else 0.95)
    return round(red * 255), round(green * 255), round(blue * 255)
