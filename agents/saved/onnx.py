"""Networks in ONNX files as agents: "onnx:my_model.onnx"."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from slategym.agents.base import Agent, Problem
from slategym.agents.saved.scored import named, options
from slategym.agents.scalarizers.base import Scalarizer
from slategym.utils.optional import require
from slategym.utils.plugins import find_file

__all__ = ["find", "make", "options"]

PREFIX = "onnx:"
SHOPPERS, FEATURES = "observation", "features"


class Network:
    """A network in an ONNX file, run by onnxruntime on one thread.

    The input "observation" is (n, o) float32; a single input may have any name. A second input "features", (m, d) float32, is
    optional. The first output is the scores (n, m).

    Args:
        path: path of the file.

    Raises:
        ValueError: the file cannot be read, or the network has other inputs.
        ImportError: onnxruntime is not installed.
    """

    def __init__(self, path: Path) -> None:
        self.content = path.read_bytes()
        self._start(str(path))

    def _start(self, shown: str) -> None:
        require("onnxruntime", "onnx")
        import onnxruntime

        settings = onnxruntime.SessionOptions()
        settings.intra_op_num_threads = settings.inter_op_num_threads = 1
        settings.log_severity_level = 4
        try:
            self._session = onnxruntime.InferenceSession(self.content, settings, providers=["CPUExecutionProvider"])
        except Exception as error:  # onnxruntime raises its own exception classes
            raise ValueError(f"{shown} cannot be read by onnxruntime: {error}") from error
        names = [each.name for each in self._session.get_inputs()]
        self._inputs = {name: SHOPPERS if len(names) == 1 else name for name in names}
        if sorted(self._inputs.values()) not in ([SHOPPERS], [FEATURES, SHOPPERS]):
            raise ValueError(
                f"{shown} has the inputs {', '.join(names)}: expected {SHOPPERS} (n, o) and, optionally, {FEATURES} (m, d)"
            )

    def __call__(self, observation: NDArray[np.float32], features: NDArray[np.float32]) -> Any:
        """(n, m) the scores.

        Args:
            observation: (n, o).
            features: (m, d).
        """
        values = {SHOPPERS: observation, FEATURES: features}
        return self._session.run(None, {name: values[which] for name, which in self._inputs.items()})[0]

    def __getstate__(self) -> dict[str, Any]:
        return {"content": self.content}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.content = state["content"]
        self._start("the network")


def find(name: str) -> Path:
    """The file of a name such as "onnx:my_model.onnx".

    Raises:
        ValueError: there is no such file.
        ImportError: onnxruntime is not installed.
    """
    require("onnxruntime", "onnx")
    return find_file("network", Path(name.removeprefix(PREFIX)))


def make(name: str, problem: Problem, seed: int = 0, scalarizer: Scalarizer | None = None, **options: Any) -> Agent:
    """Make an agent such as "onnx:my_model.onnx".

    Raises:
        ValueError: there is no such file or option, or the file is not such a network.
        ImportError: onnxruntime is not installed.
    """
    return named(name, Network(find(name)), problem, seed, scalarizer, options)
