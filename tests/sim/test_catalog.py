import pickle

import numpy as np
import pytest

from slategym.sim.catalog import Catalog
from slategym.utils.storage.fingerprint import fingerprint


def parts(**changed):
    whole = {
        "features": np.zeros((3, 2)),
        "taste": np.zeros((3, 4)),
        "category": [0, 1, 1],
        "price": [1, 2, 3],
        "margin": [0.1, 0.2, 0.3],
        "quality": np.zeros(3),
        "appeal": np.zeros(3),
    }
    return {**whole, **changed}


def test_types_and_sizes():
    catalog = Catalog(**parts(names=("a", "b", "c")))
    assert (catalog.size, catalog.categories, catalog.name(1)) == (3, 2, "b")
    assert catalog.price.dtype == np.float32
    assert catalog.category.dtype == np.int64


def test_it_cannot_be_written_to_and_does_not_follow_its_source():
    price = np.array([1, 2, 3], np.float32)
    catalog = Catalog(**parts(price=price))
    price[0] = 9
    assert catalog.price[0] == 1
    with pytest.raises(ValueError, match="read-only"):
        catalog.price[0] = 2


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"price": [1, 2]}, r"catalog\.price has shape \(2,\).*each of the 3 items"),
        ({"taste": np.zeros(3)}, r"catalog\.taste has shape \(3,\): expected 2 dimension"),
        ({"quality": [0, np.nan, 0]}, r"catalog\.quality\[1\] is nan: expected a finite number in float32"),
        ({"category": [0, -1, 0]}, r"catalog\.category\[1\] = -1 is not a category"),
        ({"category": [0, 2**24, 0]}, r"catalog\.category\[1\] = 16777216 is not a category: expected 0\.\.16777215"),
        ({"category": [0, 0.5, 0]}, r"catalog\.category\[1\] is 0\.5: expected a whole number"),
        ({"names": ("a",)}, "1 entries for 3 items"),
        ({"titles": ("a",)}, r"catalog\.titles has 1 entries for 3 items"),
        ({"descriptions": ("a", None, "b")}, r"catalog\.descriptions holds None: expected texts"),
        ({"blocks": (("image", 1), ("image", 1))}, "are called image, image: expected different names"),
        ({"blocks": (("image", 3),)}, "expected a width from 1 of each, at most 2 columns in all"),
    ],
)
def test_malformed_catalogs_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        Catalog(**parts(**change))


def test_text_and_blocks():
    catalog = Catalog(**parts(titles=["a", "b", "c"], blocks=(("image", 1),)))
    assert catalog.titles == ("a", "b", "c")
    assert catalog.block_columns == {"own": slice(0, 1), "image": slice(1, 2)}
    assert Catalog(**parts()).block_columns == {"own": slice(0, 2)}


def test_a_catalogue_without_text_keeps_its_fingerprint():
    plain, titled = Catalog(**parts()), Catalog(**parts(titles=("a", "b", "c")))
    assert not {"titles", "descriptions", "blocks"} & set(plain.__getstate__())
    assert fingerprint(plain) != fingerprint(titled)
    other = pickle.loads(pickle.dumps(plain))
    assert (other.titles, other.blocks) == ((), ())
