"""Parts of the command lines that reproduce results."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from slategym.utils.specification import join_options


def world_words(config: Mapping[str, Any]) -> tuple[str, list[str]]:
    """The value of --world, and the options for a user model or click model that replaces the world's.

    Args:
        config: configuration from the results, with "world" and "options".
    """
    name, given = config.get("world", "Shop-v0"), config.get("options") or {}
    apart = {option: value for option, value in given.items() if option in ("user_model", "click_model")}
    within = {option: value for option, value in given.items() if option not in apart}
    models = [word for option, value in apart.items() for word in (f"--{option.replace('_', '-')}", str(value))]
    return join_options(name, within), models
