"""The words of the titles of `Shop-v0`, in English and Chinese."""

from __future__ import annotations

from typing import Literal, NamedTuple

Language = Literal["en", "zh"]
Words = tuple[str, ...]  # synonyms


class TitleWords(NamedTuple):
    """The words of a language.

    Attributes:
        nouns: one for each category; further categories use them again, as another product line.
        prices: synonyms for each price band, from the cheapest to the most expensive.
        qualities: synonyms for each level of quality, from the lowest to the highest.
        tastes: for each dimension of taste, words for items far above 0, and words for items far below.
        title: the order of the words: {price}, {quality}, {tastes}, {noun}.
        line: the addition for further categories, with the number of the product line, {line}.
        space: the separator of words.
    """

    nouns: Words
    prices: tuple[Words, ...]
    qualities: tuple[Words, ...]
    tastes: tuple[tuple[Words, Words], ...]
    title: str
    line: str
    space: str


ENGLISH = TitleWords(
    nouns=(
        *("Shoes", "Jacket", "Backpack", "Watch", "Desk Lamp", "Armchair", "Mug", "Headphones", "Keyboard", "Tent"),
        *("Scarf", "Blender", "Notebook", "Sunglasses", "Wallet", "Helmet", "Yoga Mat", "Kettle", "Speaker", "Puzzle"),
    ),
    prices=(
        ("Bargain", "Budget", "Cheap"),
        ("Affordable", "Value", "Low-Price"),
        ("Everyday", "Classic", "Mid-Range"),
        ("Premium", "Upscale", "Select"),
        ("Luxury", "Designer", "Exclusive"),
    ),
    qualities=(
        ("Basic", "Simple", "Entry-Level"),
        ("Standard", "Decent", "Practical"),
        ("Durable", "Reliable", "Well-Made"),
        ("Master-Crafted", "Award-Winning", "Top-Quality"),
    ),
    tastes=(
        (("Outdoor", "Trail", "Alpine"), ("Urban", "City", "Metropolitan")),
        (("Minimalist", "Clean-Line", "Plain"), ("Ornate", "Baroque", "Decorated")),
        (("Vintage", "Retro", "Antique"), ("Futuristic", "Modern", "Space-Age")),
        (("Colorful", "Rainbow", "Vivid"), ("Monochrome", "Black", "Grey")),
        (("Sporty", "Athletic", "Racing"), ("Cozy", "Relaxed", "Lounge")),
        (("Organic", "Bamboo", "Natural"), ("Steel", "Carbon", "Metal")),
        (("Smart", "Wireless", "Connected"), ("Handmade", "Artisan", "Manual")),
        (("Playful", "Cartoon", "Funny"), ("Elegant", "Formal", "Refined")),
        (("Floral", "Blossom", "Botanical"), ("Geometric", "Striped", "Checkered")),
        (("Lightweight", "Compact", "Slim"), ("Rugged", "Heavy-Duty", "Robust")),
        (("Nautical", "Coastal", "Marine"), ("Desert", "Safari", "Savanna")),
        (("Festive", "Party", "Holiday"), ("Quiet", "Calm", "Serene")),
    ),
    title="{price} {quality} {tastes} {noun}",
    line=", Line {line}",
    space=" ",
)

CHINESE = TitleWords(
    nouns=(
        *("鞋子", "夹克", "背包", "手表", "台灯", "扶手椅", "马克杯", "耳机", "键盘", "帐篷"),
        *("围巾", "搅拌机", "笔记本", "太阳镜", "钱包", "头盔", "瑜伽垫", "水壶", "音箱", "拼图"),
    ),
    prices=(
        ("特价", "廉价", "超低价"),
        ("实惠", "平价", "划算"),
        ("日常", "经典", "中档"),
        ("高端", "高档", "精选"),
        ("奢华", "名师设计", "限量"),
    ),
    qualities=(
        ("基础款", "简易", "入门级"),
        ("标准", "普通", "实用"),
        ("耐用", "可靠", "做工精良"),
        ("匠心打造", "获奖", "顶级品质"),
    ),
    tastes=(
        (("户外", "登山", "越野"), ("都市", "城市", "街头")),
        (("极简", "素面", "简约"), ("华丽", "巴洛克", "雕花")),
        (("复古", "怀旧", "古董"), ("未来感", "现代", "科幻")),
        (("彩色", "彩虹", "鲜艳"), ("单色", "黑色", "灰色")),
        (("运动", "竞技", "赛车"), ("舒适", "休闲", "居家")),
        (("有机", "竹制", "天然"), ("钢制", "碳纤维", "金属")),
        (("智能", "无线", "联网"), ("手工", "手作", "手动")),
        (("趣味", "卡通", "搞笑"), ("优雅", "正式", "精致")),
        (("花卉", "碎花", "植物图案"), ("几何", "条纹", "格子")),
        (("轻便", "小巧", "超薄"), ("坚固", "重型", "硬朗")),
        (("航海", "海滨", "海洋"), ("沙漠", "荒野", "草原")),
        (("节日", "派对", "喜庆"), ("安静", "宁静", "沉稳")),
    ),
    title="{price}{quality}{tastes}{noun}",
    line=" {line}系列",
    space="",
)

LANGUAGES: dict[Language, TitleWords] = {"en": ENGLISH, "zh": CHINESE}
