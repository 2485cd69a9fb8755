"""Export of agents to ONNX files, for `onnx:my_model.onnx` and any ONNX runtime."""

from __future__ import annotations

import io
import warnings
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from slategym.agents.base import Agent, Problem
from slategym.agents.common import context_frame
from slategym.agents.common import normalizer as normalizer_module
from slategym.agents.linear.agents import Linear
from slategym.agents.linear.statistics import Shopper
from slategym.agents.logistic.agents import Logistic
from slategym.agents.logistic.model import LogisticModel, Shoppers
from slategym.agents.policy_gradient.agent import PolicyGradient
from slategym.agents.policy_gradient.conditioned import ConditionedPolicyGradient
from slategym.agents.predictors.agent import Predictor
from slategym.agents.predictors.networks.inputs import Inputs
from slategym.utils.checked import checked
from slategym.utils.optional import require
from slategym.utils.storage.files import write_bytes

OPSET = 17
OBSERVATION, SCORES, SLATE = "observation", "scores", "slate"


@checked
def export_onnx(agent: Agent, path: str | Path) -> None:
    """Write the scores of an agent to an ONNX file, without its exploration and learning.

    The input "observation" is (n, o) float32, without candidates. The output "scores" is (n, m) float32, equal to `agent.scores`
    for all items under the scalarizer's present weights. The output "slate" is (n, k) int64, the k items with the highest scores,
    equal to `agent.best`; worlds with candidates or slate rules have only the scores.

    Args:
        agent: a linear or logistic agent, a policy gradient, or a predictor whose network does not use a history.
        path: path of the file, such as my_model.onnx.

    Raises:
        ValueError: the agent is of another kind, or its network uses past clicks, which the observation does not contain.
        ImportError: onnx is not installed.
        WriteError: the file cannot be written.
    """
    require("onnx", "onnx")
    scores = _scores_of(agent)
    problem = agent.problem
    slates = problem.candidates is None and not problem.rules
    module = _Slates(scores, problem.slate_size if slates else None).eval()
    outputs = [SCORES, SLATE] if slates else [SCORES]
    example = torch.zeros((2, problem.seen_columns))
    written = io.BytesIO()
    with torch.no_grad(), warnings.catch_warnings():
        # The tracing exporter needs only onnx; the newer one also needs onnxscript.
        warnings.filterwarnings("ignore", category=DeprecationWarning)
        warnings.filterwarnings("ignore", message="Using len to get tensor shape")  # only the len of constants is used
        torch.onnx.export(
            module,
            (example,),
            written,  # type: ignore[arg-type]  # its type annotations omit open files
            input_names=[OBSERVATION],
            output_names=outputs,
            dynamic_axes={name: {0: "n"} for name in (OBSERVATION, *outputs)},
            opset_version=OPSET,
            dynamo=False,
        )
    write_bytes(Path(path), written.getvalue())


def _scores_of(agent: Agent) -> nn.Module:
    """A module from observations (n, o) to scores (n, m)."""
    if isinstance(agent, Linear):
        return _LinearScores(agent)
    if isinstance(agent, Logistic):
        return _LogisticScores(agent)
    if isinstance(agent, ConditionedPolicyGradient):
        return _PolicyScores(agent.with_weights(agent.weights))
    if isinstance(agent, PolicyGradient):
        return _PolicyScores(agent)
    if isinstance(agent, Predictor):
        if agent.clicked_last.length:
            raise ValueError(
                f"{agent.network_name} uses past clicks, which the observation does not contain: "
                "expected a network without a history, such as mlp"
            )
        return _PredictorScores(agent)
    raise ValueError(
        f"{getattr(agent, 'name', type(agent).__name__)} cannot be exported: expected a linear or logistic agent, "
        "a policy gradient or a predictor"
    )


class _Slates(nn.Module):
    """Scores, and the items with the highest scores."""

    def __init__(self, scores: nn.Module, slate_size: int | None) -> None:
        super().__init__()
        self.scores, self.slate_size = scores, slate_size

    def forward(self, observation: Tensor) -> Any:
        scores = self.scores(observation)
        return scores if self.slate_size is None else (scores, torch.topk(scores, self.slate_size, dim=1).indices)


class _Scaled(nn.Module):
    """Some columns, shifted, scaled and clipped in float64, as `RunningNormalizer` and `ContextFrame` do."""

    columns: Tensor
    shift: Tensor
    scale: Tensor

    def __init__(self, columns: NDArray[np.int64], shift: Any, scale: Any, limit: float) -> None:
        super().__init__()
        _keep(self, columns=columns, shift=np.asarray(shift, np.float64), scale=np.asarray(scale, np.float64))
        self.limit = limit

    def forward(self, observation: Tensor) -> Tensor:
        moved = (observation[:, self.columns].double() - self.shift) * self.scale
        return moved.clamp(-self.limit, self.limit).float()


class _Fields(nn.Module):
    """The clock as sine and cosine, and the exposure of each category; zeros and None where the world has none."""

    def __init__(self, problem: Problem) -> None:
        super().__init__()
        fields = problem.fields
        self.clock, self.exposure = fields.get("clock"), fields.get("exposure")

    def forward(self, observation: Tensor) -> tuple[Tensor, Tensor | None]:
        angle = 2 * np.pi * (observation[:, :1] * 0 if self.clock is None else observation[:, self.clock])
        clock = torch.cat([torch.sin(angle), torch.cos(angle)], dim=1)
        return clock, None if self.exposure is None else observation[:, self.exposure]


class _LinearScores(nn.Module):
    """The expected weighted outcomes of a linear model, tabulated from its outputs for each column alone."""

    table: Tensor
    base: Tensor
    pressed: Tensor
    category: Tensor

    def __init__(self, agent: Linear) -> None:
        super().__init__()
        frame, problem = agent.frame, agent.problem
        self.context = _Scaled(agent.columns, frame.shift, frame.scale, context_frame.LARGEST)
        self.exposure = agent.exposure
        weights, count = agent.item_credit.weights(agent.weights), 1 + len(agent.columns)
        groups = 0 if self.exposure is None else len(range(*self.exposure.indices(problem.layout.size)))

        def mean(context: NDArray[np.float32], pressure: float) -> NDArray[np.float32]:
            if self.exposure is None:
                return agent.model.mean(Shopper(context, None), weights)
            pressures = np.full((len(context), groups), pressure, np.float32)
            return agent.model.mean(Shopper(context, pressures, problem.category), weights)

        none = np.zeros((1, count), np.float32)
        base = mean(none, 0.0)
        table = mean(np.eye(count, dtype=np.float32), 0.0) - base
        _keep(self, base=base, table=table, pressed=mean(none, 1.0) - base, category=problem.category)

    def forward(self, observation: Tensor) -> Tensor:
        context = self.context(observation)
        scores: Tensor = context @ self.table[1:] + (self.base + self.table[:1])
        if self.exposure is not None:
            scores = scores + self.pressed * observation[:, self.exposure][:, self.category]
        return scores


class _LogisticScores(nn.Module):
    """The values of items according to two logistic models."""

    def __init__(self, agent: Logistic) -> None:
        super().__init__()
        frame = agent.frame
        self.context = _normalized(agent.columns, frame)
        self.fields = _Fields(agent.problem)
        self.click, self.conversion = (_Logits(model, agent.problem) for model in (agent.click, agent.conversion))
        self.values = _Values(agent)

    def forward(self, observation: Tensor) -> Tensor:
        clock, exposure = self.fields(observation)
        parts = [self.context(observation), clock, *([] if exposure is None else [exposure])]
        inputs = torch.cat(parts, dim=1)
        scores: Tensor = self.values(torch.sigmoid(self.click(inputs)), torch.sigmoid(self.conversion(inputs)))
        return scores


class _Logits(nn.Module):
    """The logits of a logistic model, tabulated from its outputs for each column alone."""

    table: Tensor

    def __init__(self, model: LogisticModel, problem: Problem) -> None:
        super().__init__()
        exposure = problem.fields.get("exposure")
        groups = 0 if exposure is None else len(range(*exposure.indices(problem.layout.size)))
        one = np.eye(model.columns + 2 + groups, dtype=np.float32)
        context, clock, exposed = np.split(one, [model.columns, model.columns + 2], axis=1)
        _keep(self, table=model.logits(Shoppers(context, clock, exposed)))

    def forward(self, inputs: Tensor) -> Tensor:
        logits: Tensor = inputs @ self.table[1:] + self.table[:1]
        return logits


class _PolicyScores(nn.Module):
    """The logits of a policy."""

    given: Tensor

    def __init__(self, agent: PolicyGradient) -> None:
        super().__init__()
        self.context = _normalized(agent.columns, agent.normalizer)
        self.network = deepcopy(agent.network)
        # The conditions of a conditioned policy are the same for all shoppers.
        inputs = agent._inputs(agent._conditioned(np.zeros((1, agent.problem.layout.size), np.float32)))
        _keep(self, given=inputs[:, len(agent.columns) :])

    def forward(self, observation: Tensor) -> Tensor:
        context = self.context(observation)
        scores: Tensor = self.network(torch.cat([context, self.given.expand(context.shape[0], -1)], dim=1))
        return scores


class _PredictorScores(nn.Module):
    """The values of items according to the mean probabilities of networks."""

    features: Tensor
    category: Tensor
    item: Tensor

    def __init__(self, agent: Predictor) -> None:
        super().__init__()
        self.context = _normalized(agent.columns, agent.normalizer)
        self.fields = _Fields(agent.problem)
        self.networks = deepcopy(agent.networks[: agent.members]).cpu()
        encoding = agent.encoding
        self.register_buffer("features", encoding.features.cpu()[None])
        _keep(self, category=agent.problem.category[None], item=np.arange(agent.problem.items)[None])
        self.values = _Values(agent)

    def forward(self, observation: Tensor) -> Tensor:
        clock, exposure = self.fields(observation)
        context = self.context(observation)
        pressed = context[:, :1] * 0 + torch.zeros(self.item.shape) if exposure is None else exposure[:, self.category[0]]
        inputs = Inputs(context[:, None], clock[:, None], self.features, self.category, self.item, pressed[..., None])
        found = torch.stack([torch.sigmoid(network(inputs)) for network in self.networks]).mean(dim=0)
        scores: Tensor = self.values(found[..., 0], found[..., 1])
        return scores


class _Values(nn.Module):
    """The values of clicks, conversions and impressions of each item, under the present weights."""

    click: Tensor
    conversion: Tensor
    impression: Tensor

    def __init__(self, agent: Logistic | Predictor) -> None:
        super().__init__()
        click, conversion, impression = agent.values(agent.weights, None)
        _keep(self, click=click, conversion=conversion, impression=impression)

    def forward(self, click: Tensor, conversion: Tensor) -> Tensor:
        return click * (self.click + conversion * self.conversion) + self.impression


def _normalized(columns: NDArray[np.int64], normalizer: Any) -> _Scaled:
    """The scaling that a `RunningNormalizer` applies to some columns."""
    moved = normalizer.low < normalizer.high
    centre = np.where(normalizer.low == normalizer.high, normalizer.low, normalizer.mean)
    spread = np.sqrt(normalizer.variance, out=np.ones_like(normalizer.mean), where=moved)
    return _Scaled(columns, centre, 1 / spread, normalizer_module.LARGEST)


def _keep(module: nn.Module, **values: NDArray[Any]) -> None:
    """Register arrays as buffers of a module."""
    for name, value in values.items():
        module.register_buffer(name, torch.from_numpy(np.array(value)))
