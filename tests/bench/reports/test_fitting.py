"""The page of a certificate: it opens without a complaint, draws all that there is, and takes no word for markup."""

import json

import numpy as np
import pytest
from tests.bench.fitting import made

from slategym.bench.fitting.certificate import certify
from slategym.bench.fitting.fit import fit_log
from slategym.bench.reports.fitting.page import page, write_page
from slategym.bench.reports.fitting.summary import findings, headline
from slategym.sim.click_models import PositionBased

EVIL = "<img src=x onerror=window.ran=1>"


@pytest.fixture(scope="module")
def result():
    random = np.random.default_rng(0)
    effects = made.drawn(random, 8, level=-1.0), made.drawn(random, 8, level=-0.5)
    log = made.log_of(random, effects[0], PositionBased([1.0, 0.6, 0.4]), 2000, 3, effects[1])
    fitted = fit_log(log)
    told = ("source", "slate_size", "fit", "cannot_identify", "not_modelled")
    order = {
        "agents": ["random", "lin-ts"],
        "true": [{"mean": 0.1, "low": 0.05, "high": 0.15}, {"mean": 0.3, "low": 0.25, "high": 0.35}],
        "fitted": [{"mean": 0.2, "low": None, "high": None}, {"mean": 0.3, "low": 0.25, "high": 0.35}],
        "tau": {"mean": 1.0, "low": 0.3, "high": 1.0},
    }
    certificate = {**certify(log, fitted), "order": order}
    return json.loads(json.dumps({**{key: fitted.parameters[key] for key in told}, "certificate": certificate}))


def test_the_page_draws_everything(result, browser, tmp_path):
    write_page(result, tmp_path / "certificate.html")
    browser.open(tmp_path / "certificate.html")
    assert browser.errors == []
    assert len(browser.requests) == 1
    drawn = sum(bool(each["rates"]) for groups in result["certificate"]["rates"].values() for each in groups.values())
    assert browser.evaluate("document.querySelectorAll('.plot').length") == drawn + 1
    assert browser.evaluate("document.querySelectorAll('.plot .main-svg').length") >= drawn + 1
    for table in ("likelihood", "inside", "click-models", "order"):
        assert browser.evaluate(f"document.querySelectorAll('#{table} tbody tr').length") >= 2
    text = browser.evaluate("document.body.textContent")
    for sentence in result["cannot_identify"]:
        assert sentence[:40] in text


@pytest.mark.slow
def test_names_are_no_markup(result, browser, tmp_path):
    content = json.loads(json.dumps(result).replace("colour", EVIL).replace('"i3"', json.dumps(EVIL)).replace("lin-ts", EVIL))
    (tmp_path / "page.html").write_text(page(content), encoding="utf-8")
    browser.open(tmp_path / "page.html")
    assert browser.errors == []
    assert browser.evaluate("window.ran === undefined")
    assert browser.evaluate("document.querySelectorAll('img').length") == 0


def test_sentences(result):
    assert "lie inside the held-out log's 95 % intervals" in headline(result)
    told = " ".join(findings(result))
    assert "predicts clicks better than the best baseline" in told
    assert "Kendall's tau = 1.00" in told
    nothing = {**result, "certificate": {**result["certificate"], "rates": {}}}
    assert "too small to test" in headline(nothing)


def test_a_result_without_a_certificate_is_refused(result, tmp_path):
    with pytest.raises(ValueError, match="contains no certificate"):
        write_page({**result, "certificate": {}}, tmp_path / "none.html")
