"""One word for one thing: identifiers that were replaced do not come back."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
FOLDERS = ("sim", "envs", "agents", "bench", "scripts", "tests", "docs", "src/slategym/utils", "src/slategym/testing")
# Whole words, case-sensitive, each with the word that replaced it.
RETIRED = {
    "make_choice": "make_click_model",
    "CHOICES": "CLICK_MODELS",
    "DiscreteSlate": "DiscreteAction",
    "DiscreteVectorSlate": "DiscreteVectorAction",
    "CellsVisit": "TabularVisit",
    "Standardiser": "RunningNormalizer",
    "load_figures": "load_parameters",
    "learn_all": "flush_pending",
}


def test_no_retired_identifier_is_used():
    pattern = re.compile(rf"\b({'|'.join(RETIRED)})\b")
    files = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*") if path.suffix in (".py", ".md", ".js", ".html")]
    assert len(files) > 100
    found = [
        f"{path.relative_to(ROOT)}:{number}: {word} is now {RETIRED[word]}"
        for path in files
        if path != Path(__file__)
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        for word in pattern.findall(line)
    ]
    assert found == []


def test_every_word_of_the_glossary_is_defined_once_and_in_order():
    rows = re.findall(r"^\| ([^|]+) \| ([^|]+) \|$", (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8"), re.MULTILINE)[
        1:
    ]
    terms = [term for term, _ in rows]
    assert terms == sorted(set(terms), key=str.lower)
    assert {"slate", "propensity", "click model", "user model", "scalarizer", "regret", "shopper"} <= set(terms)
