from pathlib import Path

import numpy as np
import pytest

from slategym import make_world, read_log, run
from slategym.bench.execution.log_writer import LogWriter
from slategym.logs import impressions_of, read_impressions, write_impressions


def logged(folder: Path, world: str, slates: int = 600) -> Path:
    shop = make_world(world)
    with LogWriter(folder, shop, {"world": shop.name, "visits": shop.visits}) as writer:
        run(shop, "random", slates, 3, shoppers=50, log=writer, exact="off")
        writer.close("finished")
    return folder


@pytest.mark.parametrize("world", ["ShopBandit-v0", "Shop-v0:candidates=20"])
def test_a_log_of_slates_is_a_log_of_impressions(tmp_path: Path, world: str):
    folder = logged(tmp_path / "log", world)
    slates, log = read_log(folder).join_delayed(), read_impressions(folder)
    shape = slates["slate"].shape
    np.testing.assert_array_equal(log.item.reshape(shape), slates["slate"])
    np.testing.assert_array_equal(log.click.reshape(shape), slates["clicks"])
    np.testing.assert_array_equal(log.conversion.reshape(shape), slates["conversions"])
    np.testing.assert_array_equal(log.dense("propensity", 1.0), slates["propensity"])
    np.testing.assert_array_equal(log.ids["shopper"][log.of_slate(log.shopper)], slates["shopper"])
    np.testing.assert_array_equal(np.nan_to_num(log.delay, nan=-1).reshape(shape), slates["delay"])
    np.testing.assert_allclose(log.of_slate(log.context["context_1"]), slates["context"][:, 1])
    assert log.time_unit == "steps"
    if "candidates" in world:
        np.testing.assert_array_equal(log.candidates[1].reshape(-1, 20), slates["candidates"])
    again = read_impressions(write_impressions(log, tmp_path / "log.parquet"))
    np.testing.assert_array_equal(log.ids["item"][log.item], again.ids["item"][again.item])
    assert again.time_unit == "steps"


def test_a_log_of_slates_has_its_own_names(tmp_path: Path):
    folder = logged(tmp_path / "log", "ShopBandit-v0", 50)
    with pytest.raises(ValueError, match="whose columns are known: remove columns"):
        read_impressions(folder, "click=clicks")
    with pytest.raises(ValueError, match="read all columns"):
        impressions_of(read_log(folder, ["slate"]))
