"""The page of a prediction: it opens without a complaint, draws all that there is, and takes no word for markup."""

import json

import pytest
from tests.bench.prediction.logged import logged

from slategym.bench.prediction.predict import predict
from slategym.bench.reports.prediction.page import page, write_page
from slategym.bench.reports.prediction.summary import findings, headline, tied

EVIL = "<img src=x onerror=window.ran=1>"


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    log, _, _ = logged(tmp_path_factory.mktemp("log"), "ShopBandit-v0", 2000, 100, items=12, categories=3, slate_size=2)
    few = {"epochs": 2, "seeds": 2, "earn_slates": 300, "shoppers": 100, "true_slates": 200}
    found = predict(log, ["popularity", "predictor:two-tower"], **few, corruption=["missing", "labels"], levels=[0.2])
    return json.loads(json.dumps(found))


@pytest.mark.slow
def test_the_page_draws_everything(result, browser, tmp_path):
    alone = {**result, "models": {"popularity": result["models"]["popularity"]}, "pairs": [], "agreement_with_value": {}}
    alone |= {"orders": {key: ["popularity"] for key in result["orders"]}, "config": {**result["config"], "corruption": []}}
    for name, content, count in (("two", result, 14), ("alone", alone, 7)):
        write_page(content, tmp_path / f"{name}.html")
        browser.open(tmp_path / f"{name}.html")
        assert browser.errors == []
        assert len(browser.requests) == 1
        assert browser.evaluate("document.querySelectorAll('.plot').length") == count
        assert browser.evaluate("document.querySelectorAll('.plot .main-svg').length") >= count
        for table in ("summary", "earnings-table", "exact-both", "test", "calibration", "selection-table", "profile", "costs"):
            rows = browser.evaluate(f"document.querySelectorAll('#{table} tbody tr').length")
            assert rows == len(content["models"]) + (table == "profile")
    assert browser.evaluate("document.querySelectorAll('#summary b').length") == 0  # of one model nothing is the best


def test_costs_are_read_beside_the_page(result, tmp_path):
    some = {name: {"seconds": 12345.6, "bytes": 7, "microseconds": 1.0} for name in result["models"]}
    (tmp_path / "costs.json").write_text(json.dumps({"models": some}))
    write_page(result, tmp_path / "page.html")
    assert "12,345.60" in (tmp_path / "page.html").read_text(encoding="utf-8")
    with pytest.raises(ValueError, match="the result contains no model"):
        write_page({**result, "models": {}}, tmp_path / "none.html")


@pytest.mark.slow
def test_names_are_no_markup(result, browser, tmp_path):
    text = json.dumps(result).replace("predictor:two-tower", EVIL).replace("segment", EVIL)
    content = json.loads(text)
    (tmp_path / "page.html").write_text(page(content, content["costs"]), encoding="utf-8")
    browser.open(tmp_path / "page.html")
    assert browser.errors == []
    assert browser.evaluate("window.ran === undefined")
    assert browser.evaluate("document.querySelectorAll('img').length") == 0


def test_sentences(result):
    first, second = result["orders"]["value"]
    apart = {"a": first, "b": second, "difference": {"mean": 1.0, "low": 0.5, "high": 1.5}, "adjusted": 0.01}
    orders = {**result["orders"], "auc_click": [second, first]}
    clear = {**result, "pairs": [apart], "orders": orders}
    assert tied(clear) == []
    assert headline(clear) == f"{second} has the highest AUC of clicks; {first} has the highest value per slate"
    same = {**clear, "orders": {**orders, "auc_click": [first, second]}}
    assert headline(same) == f"{first} has the highest AUC of clicks and the highest value per slate"
    unclear = {**clear, "pairs": [{**apart, "adjusted": 0.4}]}
    assert tied(unclear) == [second]
    assert f"the value per slate of {first} and {second} does not differ significantly" in headline(unclear)
    assert any("Largest selection bias" in sentence for sentence in findings(result))
