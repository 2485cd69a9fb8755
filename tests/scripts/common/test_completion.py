"""What a shell completes."""

import re

import pytest
from typer.testing import CliRunner

from slategym.scripts.main import app

COMPLETED = {
    "slategym be": ["benchmark"],
    "slategym simulate --world Sh": ["Shop-v0", "ShopBandit-v0"],
    "slategym benchmark --agent random --agent li": ["lin-ucb", "lin-ts", "lin-epsilon-greedy"],
    "slategym simulate --agent policy": ["policy-gradient"],
    "slategym simulate --slates many --click-model casc": ["cascade"],  # what is wrong so far is not told here
    "slategym tune --agent lin-t": ["lin-ts"],
    "slategym tune --sampler g": ["grid", "gp"],
    "slategym tune --prune me": ["median"],
    "slategym pareto --objective click --objective re": ["revenue", "retention"],
    "slategym pareto --scalarizer la": ["lagrangian"],
    "slategym audit Hill": ["Hillstrom-v0"],
    "slategym worlds Open": ["OpenBandit-v0"],
    "slategym check Hill": ["Hillstrom-v0"],
    "slategym check lin-u": ["lin-ucb"],
    "slategym simulate --world my_shop.py:": [],  # and the shell offers files
}


@pytest.mark.quick("slategym be", "*click-model casc", "*lin-t", "*Open", "*my_shop.py:")
@pytest.mark.parametrize("words", COMPLETED)
def test_completion(words):
    """As the scripts ask that bash, zsh and fish have of `slategym --show-completion`."""

    def asked(shell, **environment):
        asks = {"_SLATEGYM_COMPLETE": f"complete_{shell}", **environment}
        result = CliRunner().invoke(app, [], env=asks, prog_name="slategym")
        assert result.exit_code == 0, result.output
        return result.stdout

    assert asked("bash", COMP_WORDS=words, COMP_CWORD=str(len(words.split()) - 1)).split() == COMPLETED[words]
    assert re.findall(r'"([^"\s]+)"', asked("zsh", _TYPER_COMPLETE_ARGS=words))[: len(COMPLETED[words])] == COMPLETED[words]
    fish = asked("fish", _TYPER_COMPLETE_ARGS=words, _TYPER_COMPLETE_FISH_ACTION="get-args")
    assert [line.split("\t")[0] for line in fish.splitlines() if line] == COMPLETED[words]
