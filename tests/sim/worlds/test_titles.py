"""Titles of the shop: words that follow what is latent, beside a world that stays as it is."""

from dataclasses import fields, replace

import numpy as np
import pytest

from slategym.sim.simulation import Simulation
from slategym.sim.worlds import make_world
from slategym.sim.worlds.shop.title_words import CHINESE, ENGLISH

ENGLISH_SHOP = make_world("Shop-v0", items=2000, titles=True)


def answers(world, steps=8, shoppers=200):
    simulation = Simulation(world, 3, shoppers)
    random = np.random.default_rng(0)
    for _ in range(steps):
        yield simulation.observe()
        slate = np.argsort(random.random((shoppers, world.catalog.size)), axis=1)[:, : world.slate_size]
        feedback = simulation.show(slate)
        yield from (feedback.clicks, feedback.conversions, feedback.objectives, feedback.terminated)
        simulation.restart(feedback.terminated | feedback.truncated)


@pytest.mark.parametrize("titles", [False, "en", "zh"])
def test_titles_change_nothing_else(titles):
    plain, titled = (make_world("Shop-v0", items=60, **options) for options in ({}, {"titles": titles}))
    for one, other in zip(answers(plain), answers(titled), strict=True):
        np.testing.assert_array_equal(one, other)
    for field in fields(plain.catalog):
        if field.name != "titles":
            np.testing.assert_array_equal(getattr(plain.catalog, field.name), getattr(titled.catalog, field.name))
    assert len(titled.catalog.titles) == (60 if titles else 0)


def test_a_title_is_a_function_of_seed_and_item():
    few = make_world("Shop-v0", items=40, titles=True)
    assert few.catalog.titles == ENGLISH_SHOP.catalog.titles[:40]
    assert make_world("Shop-v0", items=40, titles="en", catalog_seed=1).catalog.titles != few.catalog.titles
    assert make_world("ShopBandit-v0:items=40,titles=true").catalog.titles == few.catalog.titles
    assert few.catalog.titles[0] == "Select Basic Elegant Black Connected Shoes"


def test_words_follow_price_quality_category_and_taste():
    catalog = ENGLISH_SHOP.catalog
    titles = np.array(catalog.titles)

    def with_words(words):
        return np.logical_or.reduce([np.char.find(titles, word) >= 0 for word in words])

    assert with_words([ENGLISH.nouns[3]])[catalog.category == 3].all()
    by_price = [np.median(catalog.price[with_words(words)]) for words in ENGLISH.prices]
    by_quality = [catalog.quality[with_words(words)].mean() for words in ENGLISH.qualities]
    assert by_price == sorted(by_price)
    assert by_quality == sorted(by_quality)
    for dimension in range(catalog.taste.shape[1]):
        above, below = (with_words(words) for words in ENGLISH.tastes[dimension])
        assert catalog.taste[above, dimension].min() > 0 > catalog.taste[below, dimension].max()


def test_chinese_titles_say_the_same():
    titles = make_world("Shop-v0", items=300, titles="zh").catalog.titles
    for title, english in zip(titles, ENGLISH_SHOP.catalog.titles, strict=False):
        for nouns, others in ((ENGLISH.nouns, CHINESE.nouns), *zip(ENGLISH.prices, CHINESE.prices, strict=True)):
            said = [number for number, word in enumerate(nouns) if word in english.split(" ")]
            assert all(others[number] in title for number in said), (title, english)


@pytest.mark.parametrize("words", [ENGLISH, CHINESE])
def test_no_word_says_two_things(words):
    every = [*words.nouns, *(word for group in (*words.prices, *words.qualities) for word in group)]
    every += [word for pair in words.tastes for side in pair for word in side]
    assert len(set(every)) == len(every)


def test_further_categories_and_dimensions():
    world = make_world("Shop-v0", items=60, categories=50, latent=20, titles=True)
    assert world.catalog.titles[45].endswith("Armchair, Line 3")
    assert make_world("Shop-v0", items=10, latent=1, titles=True).catalog.titles[1].count(" ") == 3


def test_refused_titles():
    with pytest.raises(ValueError, match="titles is 'fr': expected True or False, or 'en' or 'zh', or None"):
        make_world("Shop-v0:titles=fr")
    with pytest.raises(ValueError, match="expected the titles of your own items in the file, in a column title"):
        make_world("Shop-v0", titles=True, catalog="items.csv")


def test_texts_of_a_catalogue():
    catalog = replace(
        make_world("Shop-v0", items=3, slate_size=2).catalog, titles=("Pan", "", "Pot"), descriptions=("Flat", "Deep", "")
    )
    assert catalog.texts == ("Pan. Flat", "Deep", "Pot")
    assert replace(catalog, titles=(), descriptions=()).texts == ()
