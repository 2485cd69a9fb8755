"""`slategym audit`, end to end."""

import json

import pytest
from typer.testing import CliRunner

from slategym.scripts.main import app

SMALL = ["Shop-v0:items=30,categories=5,slate_size=3,visits=6", "--shoppers", "40"]
QUICK = [*SMALL, "--no-context-ceiling"]
MY_SHOP = """
import numpy as np
from slategym.sim.worlds.shop.world import shop
from slategym.sim.worlds.shop.model import ShopModel

class Impatient(ShopModel):
    def leaving(self, shoppers, feedback):
        return np.where(feedback.clicks.any(axis=1), 0.8, 0.95)

def Bookshop(items: int = 30):
    return shop(items=items, categories=3, slate_size=4, visits=5)
"""


def slategym(*words, code=0):
    result = CliRunner().invoke(app, [str(word) for word in words], env={"COLUMNS": "80"})
    assert result.exit_code == code, result.output
    return result


def test_it_prints_and_writes_the_same(tmp_path):
    said = slategym("audit", *SMALL, "--out", tmp_path / "a").stdout
    found = json.loads((tmp_path / "a/audit.json").read_text())
    assert sorted(path.name for path in (tmp_path / "a").iterdir()) == ["audit.html", "audit.json", "config.toml", "runs"]
    assert found["config"]["options"] == {"items": 30, "categories": 5, "slate_size": 3, "visits": 6}
    for part in (
        "clicks/impression",
        "rank, random slates",
        "policy, per slate",
        "best from context",
        "best achievable by mix",
        "value per episode",
        "policy, per episode",
    ):
        assert part in said
    for name in ("random", "popular", "oracle"):
        assert f"{100 * found['values']['value'][name]['share_of_oracle']:.1f} %" in said
    assert max(len(line) for line in said.splitlines() if str(tmp_path) not in line) <= 80
    assert "\x1b" not in said
    refused = slategym("audit", *QUICK, "--out", tmp_path / "a", code=2)
    assert "holds a finished run" in refused.stderr
    slategym("audit", *QUICK, "--out", tmp_path / "a", "--force")
    assert json.loads((tmp_path / "a/audit.json").read_text())["context"] is None


def test_shoppers_and_shops_of_ones_own(tmp_path):
    (tmp_path / "my_shop.py").write_text(MY_SHOP)
    own = [f"{tmp_path}/my_shop.py:Bookshop", "--user-model", f"{tmp_path}/my_shop.py:Impatient", "--click-model", "cascade"]
    said = slategym("audit", *own, "--shoppers", 40, "--no-context-ceiling", "--out", tmp_path / "a").stdout
    assert "WARNING (everyone leaves)" in said
    assert "What to do" in said
    found = json.loads((tmp_path / "a/audit.json").read_text())["config"]
    assert (found["world"], found["user_model"], found["click_model"]) == (own[0], "Impatient", "Cascade")
    assert (found["items"], found["slate_size"]) == (30, 4)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["Shp-v0"], "there is no world 'Shp-v0'. Did you mean 'Shop-v0'"),
        (["Shop-v0", "--click-model", "casc"], "Did you mean 'cascade'"),
        (["Shop-v0", "--weights", "1"], "--weights is '1'"),
        (
            ["Shop-v0", "--seed", str(2**64)],
            "--seed is '18446744073709551616': expected a whole number from 0 to 18,446,744,073,709,551,615",
        ),
        (["Shop-v0:itms=5"], "Did you mean 'items'"),
    ],
)
def test_mistakes_are_told_in_a_line(words, message):
    result = slategym("audit", *words, code=2)
    assert message in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert result.stdout == ""


def test_help_fits_the_terminal():
    said = slategym("audit", "--help").stdout
    assert "--no-context-ceiling" in said
    assert max(map(len, said.splitlines())) <= 80
