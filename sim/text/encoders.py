"""Encoding of texts as vectors: the protocol, and a bag of words."""

from __future__ import annotations

import re
from collections.abc import Sequence
from hashlib import blake2b
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from slategym.utils.checked import checked
from slategym.utils.ranges import Dimensions

Vectors = NDArray[np.float32]
WORD = re.compile(r"[^\W_]+")
# Scripts without blanks between words: kana, Han and Hangul, whose characters, alone and in pairs, are used as words.
UNSPACED = re.compile(r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uac00-\ud7af]+")


class TextEncoder(Protocol):
    """Converts texts to vectors. The vectors of an encoder are cached only if it has an `identity`.

    This is a text that distinguishes its vectors from those of other encoders: its name, settings and the versions of its
    libraries.
    """

    def encode(self, texts: Sequence[str]) -> Vectors:
        """(m, d) float32, a vector for each text, which depends only on the texts.

        Args:
            texts: m texts.
        """
        ...


class Hashing:
    """A bag of words: each word adds 1 or -1 to an entry chosen by its hash; vectors have length one.

    Words are in lower case; in Chinese, Japanese and Korean every character and every pair of neighbouring characters is a word.
    Words that share an entry cannot be distinguished, and different words have no similarity (Weinberger et al., "Feature hashing
    for large scale multitask learning", 2009, arXiv:0902.2206).

    Args:
        size: d, the number of entries of a vector.
    """

    @checked
    def __init__(self, size: Dimensions = 512) -> None:
        self.size = size
        self.identity = f"hashing 1, size {size}"

    def encode(self, texts: Sequence[str]) -> Vectors:
        """(m, size) float32.

        Args:
            texts: m texts.
        """
        vectors = np.zeros((len(texts), self.size), np.float32)
        entries: dict[str, tuple[int, int]] = {}
        for vector, text in zip(vectors, texts, strict=True):
            for word in words_of(text):
                if word not in entries:
                    number = int.from_bytes(blake2b(word.encode(), digest_size=8).digest(), "little")
                    entries[word] = (number >> 1) % self.size, 1 - 2 * (number & 1)
                entry, sign = entries[word]
                vector[entry] += sign
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        return np.asarray(vectors / np.where(lengths > 0, lengths, 1), np.float32)


def words_of(text: str) -> list[str]:
    """Split a text into words in lower case; in scripts without blanks, into characters and pairs of neighbouring characters.

    Args:
        text: a text in any language.
    """
    found = []
    for run in WORD.findall(text.lower()):
        start = 0
        for part in UNSPACED.finditer(run):
            found += [run[start : part.start()], *part[0], *map("".join, zip(part[0], part[0][1:], strict=False))]
            start = part.end()
        found.append(run[start:])
    return [word for word in found if word]
