"""A browser for the tests of a file."""

import pytest
from tests.bench.reports.browser import NAMES, Browser, find


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    if find() is None:
        pytest.skip(f"no browser to open the page in: expected one of {', '.join(NAMES)} on the path")
    browser = Browser(tmp_path_factory.mktemp("profile"))
    yield browser
    browser.close()
