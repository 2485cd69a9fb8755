"""The simulated shop: items, shoppers, click models, objectives and worlds. Agents, environments and torch do not belong here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slategym.utils.lazy_exports import lazy_exports

if TYPE_CHECKING:
    from slategym.sim.catalog import Catalog as Catalog
    from slategym.sim.click_models import CLICK_MODELS as CLICK_MODELS
    from slategym.sim.click_models import Cascade as Cascade
    from slategym.sim.click_models import ClickModel as ClickModel
    from slategym.sim.click_models import DependentClick as DependentClick
    from slategym.sim.click_models import Multinomial as Multinomial
    from slategym.sim.click_models import PositionBased as PositionBased
    from slategym.sim.click_models import UserBrowsing as UserBrowsing
    from slategym.sim.click_models import make_click_model as make_click_model
    from slategym.sim.draws import Draws as Draws
    from slategym.sim.features.blocks import with_features as with_features
    from slategym.sim.features.blocks import with_text as with_text
    from slategym.sim.features.blocks import without_features as without_features
    from slategym.sim.feedback import DelayedConversions as DelayedConversions
    from slategym.sim.feedback import Feedback as Feedback
    from slategym.sim.files.items import read_catalog as read_catalog
    from slategym.sim.files.schedule import read_schedule as read_schedule
    from slategym.sim.files.segments import read_segments as read_segments
    from slategym.sim.layout import Layout as Layout
    from slategym.sim.objectives import OBJECTIVES as OBJECTIVES
    from slategym.sim.objectives import ItemObjective as ItemObjective
    from slategym.sim.objectives import Objective as Objective
    from slategym.sim.objectives import custom as custom
    from slategym.sim.rules import SlateRules as SlateRules
    from slategym.sim.schedule import ItemChange as ItemChange
    from slategym.sim.schedule import Launch as Launch
    from slategym.sim.schedule import Retire as Retire
    from slategym.sim.selection import top_k as top_k
    from slategym.sim.shoppers import Shoppers as Shoppers
    from slategym.sim.simulation import Simulation as Simulation
    from slategym.sim.streams import Stream as Stream
    from slategym.sim.text.cache import encoded as encoded
    from slategym.sim.text.encoders import TextEncoder as TextEncoder
    from slategym.sim.text.make import make_encoder as make_encoder
    from slategym.sim.text.make_scorer import make_scorer as make_scorer
    from slategym.sim.text.recorded import Recorded as Recorded
    from slategym.sim.text.scorer import Question as Question
    from slategym.sim.text.scorer import TextScorer as TextScorer
    from slategym.sim.user_models.base import UserModel as UserModel
    from slategym.sim.user_models.base import match as match
    from slategym.sim.user_models.behaviours import Behaviour as Behaviour
    from slategym.sim.user_models.black_box import BlackBox as BlackBox
    from slategym.sim.user_models.history import HISTORY_DECAY as HISTORY_DECAY
    from slategym.sim.user_models.never_converts import NeverConverts as NeverConverts
    from slategym.sim.user_models.text_shopper import TextShopper as TextShopper
    from slategym.sim.user_models.visit import Stage as Stage
    from slategym.sim.world import World as World
    from slategym.sim.worlds import WORLDS as WORLDS
    from slategym.sim.worlds import make_user_model as make_user_model
    from slategym.sim.worlds import make_world as make_world
    from slategym.sim.worlds.shop.model import Segments as Segments
    from slategym.sim.worlds.shop.model import ShopModel as ShopModel
    from slategym.sim.worlds.shop.rates import with_rates as with_rates
    from slategym.sim.worlds.shop.titles import shop_persona as shop_persona

__all__, __getattr__ = lazy_exports(
    __name__,
    {
        "slategym.sim.user_models.black_box": ("BlackBox",),
        "slategym.sim.catalog": ("Catalog",),
        "slategym.sim.click_models": (
            "CLICK_MODELS",
            "Cascade",
            "ClickModel",
            "DependentClick",
            "Multinomial",
            "PositionBased",
            "UserBrowsing",
            "make_click_model",
        ),
        "slategym.sim.draws": ("Draws",),
        "slategym.sim.features.blocks": ("with_features", "with_text", "without_features"),
        "slategym.sim.feedback": (
            "DelayedConversions",
            "Feedback",
        ),
        "slategym.sim.files.items": ("read_catalog",),
        "slategym.sim.files.schedule": ("read_schedule",),
        "slategym.sim.files.segments": ("read_segments",),
        "slategym.sim.user_models.history": ("HISTORY_DECAY",),
        "slategym.sim.layout": ("Layout",),
        "slategym.sim.objectives": (
            "OBJECTIVES",
            "ItemObjective",
            "Objective",
            "custom",
        ),
        "slategym.sim.rules": ("SlateRules",),
        "slategym.sim.schedule": ("ItemChange", "Launch", "Retire"),
        "slategym.sim.selection": ("top_k",),
        "slategym.sim.shoppers": ("Shoppers",),
        "slategym.sim.simulation": ("Simulation",),
        "slategym.sim.streams": ("Stream",),
        "slategym.sim.text.cache": ("encoded",),
        "slategym.sim.text.encoders": ("TextEncoder",),
        "slategym.sim.text.make": ("make_encoder",),
        "slategym.sim.text.make_scorer": ("make_scorer",),
        "slategym.sim.text.recorded": ("Recorded",),
        "slategym.sim.text.scorer": ("Question", "TextScorer"),
        "slategym.sim.user_models.text_shopper": ("TextShopper",),
        "slategym.sim.worlds.shop.titles": ("shop_persona",),
        "slategym.sim.user_models.base": (
            "UserModel",
            "match",
        ),
        "slategym.sim.user_models.behaviours": ("Behaviour",),
        "slategym.sim.user_models.never_converts": ("NeverConverts",),
        "slategym.sim.user_models.visit": ("Stage",),
        "slategym.sim.world": ("World",),
        "slategym.sim.worlds": (
            "WORLDS",
            "make_user_model",
            "make_world",
        ),
        "slategym.sim.worlds.shop.model": (
            "Segments",
            "ShopModel",
        ),
        "slategym.sim.worlds.shop.rates": ("with_rates",),
    },
)
