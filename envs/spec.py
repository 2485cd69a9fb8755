"""The specification of an environment that was made by id, with arrays as JSON."""

from __future__ import annotations

from dataclasses import fields, replace
from enum import Enum
from os import PathLike, fspath
from typing import Any

import numpy as np
from gymnasium.envs.registration import EnvSpec, VectorizeMode, WrapperSpec


class SlateSpec(EnvSpec):
    """Gymnasium's `EnvSpec` with another `to_json`: arrays become lists, and errors name the option that cannot be written."""

    @staticmethod
    def of(spec: EnvSpec | None) -> EnvSpec | None:
        """Convert a specification; None remains None."""
        if spec is None or isinstance(spec, SlateSpec):
            return spec
        return SlateSpec(**{field.name: getattr(spec, field.name) for field in fields(spec) if field.init})

    def to_json(self) -> str:
        """Return the specification as JSON, for `EnvSpec.from_json`.

        Raises:
            ValueError: an option is an object, or the actions of a vector environment are wrapped; the message gives a remedy.
        """
        wrappers = self.additional_wrappers
        if wrappers and self.kwargs.get("vectorization_mode") == VectorizeMode.VECTOR_ENTRY_POINT.value:
            raise ValueError(
                f"{wrappers[-1].name} cannot be written: Gymnasium makes no wrapped vector environment from a specification. "
                "Write envs.unwrapped.spec, and wrap the environment that make_vec makes of it"
            )
        plain = EnvSpec(**{field.name: getattr(self, field.name) for field in fields(self) if field.init})
        plain.kwargs = {name: _plain(value, f"option {name}", OPTION) for name, value in self.kwargs.items()}
        plain.additional_wrappers = tuple(_plain_wrapper(wrapper) for wrapper in wrappers)
        return plain.to_json()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, EnvSpec) and all(
            getattr(self, field.name) == getattr(other, field.name) for field in fields(self)
        )

    __hash__ = None  # type: ignore[assignment]  # mutable, like Gymnasium's


OPTION = "give the name of an object in a file, such as 'my_shop.py:Mine'"
WRAPPER = "wrap the environment that `gymnasium.make` makes of the specification without the wrapper"


def _plain_wrapper(wrapper: WrapperSpec) -> WrapperSpec:
    """The specification of a wrapper in JSON's types. slategym's wrappers accept lists in place of arrays; others may not."""
    if not wrapper.kwargs:
        return wrapper
    arrays = wrapper.entry_point.startswith("slategym.")
    kwargs = {name: _plain(value, f"{wrapper.name}'s {name}", WRAPPER, arrays) for name, value in wrapper.kwargs.items()}
    return replace(wrapper, kwargs=kwargs)


def _plain(value: Any, what: str, advice: str, arrays: bool = True) -> Any:
    """The value in JSON's types; arrays become lists if `arrays` is true.

    Raises:
        ValueError: the value has another type.
    """
    match value:
        case None | bool() | int() | float() | str():
            return value
        case np.generic():
            return value.item()
        case np.ndarray() if arrays:
            return value.tolist()
        case Enum():
            return _plain(value.value, what, advice, arrays)
        case PathLike():
            return fspath(value)
        case list() | tuple():
            return [_plain(element, what, advice, arrays) for element in value]
        case dict() if all(isinstance(name, str) for name in value):
            return {name: _plain(element, what, advice, arrays) for name, element in value.items()}
    raise ValueError(
        f"{what} cannot be written as JSON, which holds numbers, texts and lists of them: it holds {type(value).__name__}. "
        f"To write the specification, {advice}; or pickle it"
    )
