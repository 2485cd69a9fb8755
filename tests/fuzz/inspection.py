"""The entry points that take numbers which become indices, found by inspection: whatever is public and has such a parameter."""

import dataclasses
import importlib
import inspect
import pkgutil
from collections.abc import Iterator

import slategym

ROOMS = (
    "slategym.utils.",
    "slategym.sim.",
    "slategym.envs.",
    "slategym.agents.",
    "slategym.logs.",
    "slategym.bench.execution.log",
)
# Parameters that hold items, slates, candidates, rows, ranks or categories, or something that holds those.
NAMES = {
    *("slate", "slates", "item", "items", "candidates", "positions", "action", "actions", "ranked", "taken", "start"),
    *("row", "rows", "rank", "category", "categories", "which", "identity"),
    *("observation", "decision", "feedback", "delayed", "query", "scores", "score", "attraction"),
}
# Behind the doors: what is compiled, and what only calls the rest.
INSIDE = (".kernel", ".compiled", ".calibration", ".calibrate", ".registry", ".registration")
SCORED = ("choose", "best", "scores")
FROZEN = ("choose", "best", "scores", "estimates", "learn")
# By name, with the reason why nothing is to be refused there.
EXEMPT = {
    "slategym.agents.saving.meaning": "a number of items, of which the first are taken",
    "slategym.agents.policy_gradient.network.TwoTowers.forward": "a network: torch looks over its own indices",
    "slategym.agents.actor_critic.modules.Actor.forward": "a network: torch looks over its own indices",
    "slategym.agents.actor_critic.networks.Networks.teach_actor": "the actor's own scores",
    "slategym.agents.actor_critic.states.States.of": "the agent looks over what comes here",
    "slategym.agents.actor_critic.visits.Visits.arrive": "Agent.update looks over what comes here",
    "slategym.agents.bandits.agent.Tally.at": "the bandits look over what comes here",
    "slategym.agents.fusion.held_out.HeldOutBuffer.__call__": "fusions look over what comes here",
    "slategym.agents.fusion.mixture.chances_of": "fusions give slates that their members chose",
    "slategym.agents.predictors.fit.predicted": "Problem.shown looks over the slate, and Problem.seen over the observation",
    "slategym.agents.predictors.fit.fit": "Agent.update looks over every step",
    "slategym.agents.predictors.networks.layers.dot": "vectors of items, which index nothing",
    "slategym.agents.adapters.sb3_stepper.QueueVecEnv.step_async": "Stable-Baselines3's actions, which nothing indexes",
    "slategym.agents.adapters.sb3.SB3.__init__": "a number of directions, checked by its annotation",
    "slategym.agents.adapters.sb3_actions.DirectionActions.__init__": "a number of directions, checked by its annotation",
    "slategym.agents.adapters.sb3_actions.DirectionActions.slates": "Stable-Baselines3's actions, from its own action space",
    "slategym.agents.adapters.sb3_actions.QueryActions.slates": "Stable-Baselines3's actions, from its own action space",
    "slategym.agents.text.adapter.Adapter.forward": "a network: torch looks over its own indices",
    "slategym.agents.common.click_history.ClickHistory.add": "the agent looks over what comes here",
    **{
        f"slategym.agents.{method}": "the rows of a step, of which those are taken that go on"
        for method in ("common.click_history.ClickHistory.keep", "common.shopper_memory.only")
    },
    **{f"slategym.agents.saved.file.Frozen.{method}": "the agent in it looks over what comes here" for method in FROZEN},
    **{
        f"slategym.agents.saved.learned_shoppers.LearnedShoppers.{method}": "the world's own model looks over what comes here"
        for method in (
            *("attraction", "conversion", "spend", "mean_spend", "delay", "behaviour", "amount"),
            *("evolve", "leaving", "days_away", "browse", "in_place_of"),
        )
    },
    **{f"slategym.agents.saved.scored.Scored.{method}": "it looks over what comes here as all agents do" for method in SCORED},
    "slategym.agents.crosses.Crosses.crossed": "what acts by it is tried",
    "slategym.agents.saved.onnx.Network.__call__": "numbers, which index nothing",
    "slategym.agents.predictors.agent.Predictor.remember": "the same as learn, which is tried",
    "slategym.agents.predictors.encoding.Known.of": "the agent makes them",
    "slategym.agents.predictors.encoding.Known.blocks": "the agent makes them",
    **{
        f"slategym.agents.recommenders.{method}": "the agent looks over what comes here"
        for method in (
            *(
                "interactions.Interactions.of",
                "interactions.ShopperLog.add",
                "interactions.ShopperLog.keep",
                "rates.ItemRates.learn",
            ),
            *("trials.try_first", "mixture.Parts.at"),
        )
    },
    **{
        f"slategym.agents.{method}": "the agent looks over what comes here"
        for method in (
            *("bandits.agent.ItemBandit.tally", "bandits.agent.ItemBandit.item_value", "bandits.sampling.Boltzmann.logits"),
            *("bandits.sampling.Exp3.logits", "bandits.sampling.Gains.add_gains", "bandits.thompson.BetaTS.drawn"),
            *("bandits.thompson.GaussianTS.drawn", "bandits.counts.ItemCounts.add", "bandits.counts.ItemCounts.add_delayed"),
            *("bandits.indices.taken", "bandits.indices.shares", "linear.agents.Linear.add", "ranking.cascade.CascadeLinear.add"),
            *("ranking.position.PBMTS.tally", "ranking.ranked.Ranked.tally_at", "ranking.ranked.RankedUCB1.at_rank"),
            *("ranking.ranked.RankedTS.at_rank", "square_cb.probabilities", "policy_gradient.plackett_luce.model_of"),
            *("values.agent.SlateQ.optimised", "values.network.ValueNetwork.forward", "values.transitions.Horizon.__call__"),
            *("values.network_agent.NetworkSlateQ.values", "values.tabular.TabularSlateQ.values"),
        )
    },
    "slategym.sim.text.scorer.checked_scores": "what a scorer says, which indexes nothing",
    "slategym.agents.common.pooling.mean": "sums of numbers, which index nothing",
    "slategym.agents.common.pooling.total_of_shares": "sums of numbers, which index nothing",
    "slategym.agents.common.normalizer.RunningNormalizer.update": "moments of numbers, which index nothing",
    "slategym.agents.common.normalizer.RunningNormalizer.__call__": "moments of numbers, which index nothing",
    "slategym.agents.common.step_buffer.StepBuffer.arrivals": "the classes that use it check the conversions",
    "slategym.agents.linear.statistics.Shopper.take": "a slice",
    "slategym.sim.user_models.visit.Kernel.visit": "the kernels' own face: worlds and simulations look over what comes here",
    "slategym.sim.user_models.visit.Kernel.observe": "the kernels' own face",
    "slategym.sim.user_models.visit.Kernel.sample": "the kernels' own face",
    "slategym.sim.slate.first_shown": "compares numbers and indexes nothing",
    "slategym.sim.user_models.base.UserModel.leaving": "reads an answer that the simulation made",
    "slategym.sim.worlds.shop.model.ShopModel.leaving": "reads an answer that the simulation made",
    "slategym.sim.user_models.base.UserModel.conversion": "one number for every item: which they are is not read",
    "slategym.sim.user_models.base.UserModel.delay": "one number for every item: which they are is not read",
    "slategym.sim.user_models.base.UserModel.evolve": "does nothing",
    "slategym.sim.objectives.base.Objective.before": "does nothing",
    "slategym.sim.objectives.base.Objective.values": "does nothing",
    "slategym.sim.objectives.base.Objective.marginal": "does nothing",
    "slategym.sim.objectives.base.ItemObjective.click_value": "does nothing",
    "slategym.sim.objectives.base.ItemObjective.conversion_value": "does nothing",
    "slategym.sim.objectives.item.Click.click_value": "one number for every item: which they are is not read",
    "slategym.sim.objectives.item.Conversion.conversion_value": "one number for every item: which they are is not read",
    "slategym.sim.objectives.item.Revenue.conversion_value": "what was paid: which items they are is not read",
    "slategym.sim.catalog.Catalog.of": "a catalogue looks over its fields",
    "slategym.sim.user_models.never_converts.same_for_all": "called by the methods of user models, which are tried",
    "slategym.sim.worlds.recsim.interest_evolution.InterestEvolution.leaving": "reads an answer that the simulation made",
    "slategym.sim.worlds.recogym.world.RecoGymModel.leaving": "reads an answer that the simulation made",
    "slategym.sim.worlds.kuaisim.world.KuaiSimLike.days_away": "reads an answer that the simulation made",
    "slategym.sim.worlds.fitted.world.FittedModel.leaving": "reads an answer that the simulation made",
    "slategym.sim.worlds.fitted.world.FittedModel.days_away": "the same shares for everybody",
    **{
        f"slategym.agents.predictors.networks.sequence.{network}.made_of": "vectors of items, which index nothing"
        for network in ("Sequential", "GRU", "Convolution", "Attention")
    },
    **{
        f"slategym.agents.logistic.{method}": "logistic-ts looks over what comes here"
        for method in (
            *("model.LogisticModel.__init__", "model.LogisticModel.grow", "model.LogisticModel.logits"),
            *(
                "model.LogisticModel.draw",
                "model.LogisticModel.width",
                "model.LogisticModel.design",
            ),
        )
    },
    **{
        f"slategym.agents.common.{method}": "the agents that use it look over what comes here"
        for method in (
            *("replay.Replay.correct", "replay.Replay.add"),
            *("answer_values.AnswerValues.learn", "answer_values.AnswerValues.__call__"),
        )
    },
    **{
        f"slategym.agents.{name}.chances": "Agent.propensities looks over what comes here"
        for name in (
            *("adapters.estimator.Estimator", "adapters.mabwiser.MABWiser", "adapters.sb3.SB3"),
            *("adapters.sb3_saved.SavedModel", "adapters.vowpal.VowpalWabbit", "base.Agent"),
            *("bandits.agent.ItemBandit", "bandits.indices.Optimist", "bandits.sampling.Sampler", "bandits.thompson.Thompson"),
            *("baselines.Random", "baselines.Popularity", "baselines.EpsilonGreedy"),
            *("ranking.diversity.Diversified", "square_cb.SquareCB"),
            *("crosses.Crosses", "evolution.agents.Evolution", "fusion.base.Fusion"),
            *("fusion.bandit.BanditFusion", "linear.agents.LinTS", "linear.epsilon_greedy.LinEpsilonGreedy"),
            *("logistic.agents.LogisticTS", "lookahead.agent.Lookahead", "policy_gradient.agent.PolicyGradient"),
            "actor_critic.agent.ActorCritic",
            *(
                "policy_gradient.conditioned.ConditionedPolicyGradient",
                "predictors.agent.Predictor",
                "recommenders.agent.Recommender",
            ),
            *("saved.file.Frozen", "saved.scored.Scored", "text.reranker.TextReranker", "values.agent.SlateQ"),
        )
    },
    **{
        f"slategym.agents.choosing.{name}": "Agent.propensities looks over what comes here"
        for name in (
            *(f"given_slates.{name}" for name in ("possible", "exploring", "ranked", "scored", "certain", "thompson")),
            *("given_slates.drawn", "given_slates.drawn_by_rank", "repeated_draws.leads", "exploration.best_left"),
        )
    },
    "slategym.agents.problem.checked_step": "Agent.update calls it",
    "slategym.agents.from_log.correction.Correction.__call__": "the agent looks over what comes here",
    "slategym.agents.from_log.impressions.steps_of_impressions": "a number of rows, checked by its annotation",
    "slategym.agents.from_log.problem.problem_of": "features of items, which index nothing",
    "slategym.agents.lookahead.staying.StayingModel.learn": "lookahead looks over what comes here",
    "slategym.agents.telling.Telling.scores": "refuses everything",
    "slategym.agents.telling.Telling.estimates": "refuses everything",
    "slategym.agents.telling.Telling.explored_estimates": "calls estimates",
    "slategym.agents.logistic.agents.Logistic.explored_estimates": "looks over what comes here as estimates does, which is tried",
    "slategym.agents.fusion.base.Fusion.explored_estimates": "looks over what comes here as estimates does, which is tried",
    "slategym.agents.telling.Telling.explain": "refuses everything",
    "slategym.agents.base.Agent.best_of": "agents give their own scores",
    "slategym.agents.choosing.eligibility.choice_of": "Agent.eligible looks over what comes here",
    "slategym.agents.choosing.eligibility.eligible": "Agent.eligible looks over what comes here",
    "slategym.agents.choosing.eligibility.best_of": "agents give their own scores",
    "slategym.agents.choosing.eligibility.choose_among": "Agent.act looks over what comes here",
    "slategym.agents.choosing.explanation.explained": "agents explain what they have looked over",
    "slategym.agents.choosing.exploration.explore_among": "agents give their own scores",
    "slategym.agents.choosing.why_not.why_not": "Oracle.why_not calls it",
    "slategym.agents.linear.model.LinearModel.contributions": "Linear.explain looks over what comes here",
    "slategym.agents.logistic.model.LogisticModel.contributions": "Logistic.explain looks over what comes here",
    "slategym.agents.policy_gradient.plackett_luce.log_propensity_among": "the agent's own scores and slates",
    "slategym.agents.policy_gradient.plackett_luce.gradient_among": "the agent's own scores and slates",
    "slategym.agents.policy_gradient.plackett_luce.PlackettLuce.log_propensity": "the agent's own scores and slates",
    "slategym.agents.policy_gradient.plackett_luce.PlackettLuce.gradient": "the agent's own scores and slates",
    "slategym.envs.wrappers.query.matches": "matching_items calls it",
    "slategym.sim.choice.Choice.__init__": "choices are made of what agents and worlds have looked over",
    "slategym.sim.choice.Choice.best": "choices are made of what agents and worlds have looked over",
    "slategym.sim.choice.Choice.keeps": "choices are made of what agents and worlds have looked over",
    "slategym.sim.choice.Choice.fitting": "choices are made of what agents and worlds have looked over",
    "slategym.sim.choice.allowed_mask": "choices are made of what agents and worlds have looked over",
    "slategym.sim.choice.highest": "choices are made of what agents and worlds have looked over",
    "slategym.sim.choice.check_rules": "choices are made of what agents and worlds have looked over",
    "slategym.sim.click_models.base.ClickModel.best_slate_among": "worlds give their own gains",
    "slategym.sim.click_models.multinomial.Multinomial.best_slate_among": "worlds give their own gains",
    "slategym.sim.click_models.position_based.PositionBased.best_slate_among": "worlds give their own gains",
    "slategym.sim.user_models.black_box.BlackBox.worth": "BlackBox.best_slate calls it",
    "slategym.sim.user_models.text_shopper.TextShopper.worth": "BlackBox.best_slate calls it",
    "slategym.sim.user_models.text_shopper.TextShopper.behaviour": "the model that it was made of looks over what comes here",
    "slategym.sim.user_models.text_shopper.TextShopper.amount": "the model that it was made of looks over what comes here",
    "slategym.sim.user_models.text_shopper.TextShopper.leaving": "reads an answer that the simulation made",
    "slategym.sim.user_models.text_shopper.TextShopper.days_away": "reads an answer that the simulation made",
    "slategym.agents.oracle.Oracle.why_not": "one number each, of which it says what is wrong",
    "slategym.agents.choosing.explanation.Explanation.table": "a row of a table",
    "slategym.agents.base.Agent.eligible": "Agent.act looks over what comes here",
    "slategym.agents.policy_gradient.batch.Batch.__init__": "policy-gradient looks over what comes here",
    "slategym.agents.policy_gradient.returns.Returns.__call__": "policy-gradient looks over what comes here",
    **{
        f"slategym.agents.linear.{method}": "the linear agents look over what comes here"
        for method in (
            *("disjoint.DisjointSums.add", "disjoint.DisjointSums.add_outcomes", "disjoint.DisjointModel.add"),
            *("disjoint.DisjointModel.add_delayed", "disjoint.DisjointModel.contributions", "hybrid.HybridModel.contributions"),
            "statistics.LinearSums.checked",
        )
    },
    "slategym.agents.choosing.repeated_draws.decide_by_draws": "Agent.choose looks over what comes here",
    "slategym.agents.logistic.agents.LogisticTS.explored": "logistic-ts looks over what comes here",
    "slategym.agents.logistic.agents.LogisticUCB.explored": "logistic-ucb looks over what comes here",
    "slategym.agents.base.Agent.choose": "does nothing",
    "slategym.agents.base.Agent.learn": "does nothing",
    "slategym.agents.evolution.genomes.Encoding.learn": "does nothing",
    "slategym.agents.common.position_bias.PositionBiasEstimator.update": "a sum for each rank, which indexes nothing",
    "slategym.envs.info.answer_in": "copies arrays",
    "slategym.envs.info.in_rows": "the environment's own rows",
    "slategym.sim.schedule.Launch.__init__": "a world looks over the items of its schedule",
    "slategym.sim.schedule.Retire.__init__": "a world looks over the items of its schedule",
    "slategym.sim.newcomers.newcomers": "World.shoppers looks over what comes here",
    "slategym.sim.user_models.base.UserModel.behaviour": "refuses everything: a model that has behaviours overrides it",
    "slategym.sim.user_models.base.UserModel.amount": "calls behaviour",
    "slategym.sim.user_models.base.UserModel.days_away": "one number for everybody",
    "slategym.sim.user_models.behaviours.answer_behaviours": "simulations look over what comes here",
    "slategym.sim.user_models.answer.answer_slates": "rehearsals and browsing look over what comes here",
    "slategym.sim.objectives.behaviour.BehaviourObjective.before": "does nothing",
    "slategym.envs.rendering.scene.Scenes.answer": "keeps the answer that the simulation made",
    "slategym.envs.masks.rank_masks": "sorts a catalogue's categories",
    "slategym.envs.masks.without_repeats": "compares numbers and indexes nothing",
    "slategym.sim.slate.leave_out": "compares numbers and indexes nothing",
    "slategym.logs.bandit_feedback.from_bandit_feedback": "a dictionary: tests/logs tells what is refused",
    "slategym.logs.impressions.ImpressionLog.part": "a mask or a slice, whose shape it looks over",
    "slategym.sim.files.table.Table.cell": "a row of a table that it read itself",
    "slategym.sim.files.table.Table.faults_at": "rows of a table that it read itself",
    "slategym.sim.files.table.Table.faults_in": "rows of a table that it read itself",
    "slategym.sim.files.segments.read_segments": "a catalogue or a file of items",
}


def entry_points() -> dict[str, tuple[str, ...]]:
    """The full name of each function and method, where it is defined, with its parameters of those names."""
    found = {}
    for module in _modules():
        for name, thing in vars(module).items():
            if name.startswith("_") or getattr(thing, "__module__", None) != module.__name__:
                continue
            if inspect.isfunction(thing):
                found |= _taking(f"{module.__name__}.{name}", thing)
            elif inspect.isclass(thing):
                for method, function in _methods(thing):
                    found |= _taking(f"{module.__name__}.{name}.{method}", function)
    return {name: parameters for name, parameters in found.items() if name not in EXEMPT}


def _modules() -> Iterator[object]:
    for module in pkgutil.walk_packages(slategym.__path__, "slategym."):
        if module.name.startswith(ROOMS) and not any(part in module.name for part in INSIDE):
            yield importlib.import_module(module.name)


def _methods(kind: type) -> Iterator[tuple[str, object]]:
    record = dataclasses.is_dataclass(kind) and "__post_init__" not in vars(kind)
    for name, member in vars(kind).items():
        function = getattr(member, "__func__", member)
        if not inspect.isfunction(function) or getattr(function, "__isabstractmethod__", False):
            continue
        if name == "__init__" and record:  # looked over by what reads it
            continue
        if name in ("__init__", "__call__") or not name.startswith("_"):
            yield name, function


def _taking(name: str, function: object) -> dict[str, tuple[str, ...]]:
    parameters = inspect.signature(function).parameters.values()
    taken = tuple(each.name for each in parameters if each.name in NAMES and not _is_count(each))
    return {name: taken} if taken else {}


def _is_count(parameter: inspect.Parameter) -> bool:
    """`items: int` is how many there are; `item: int` is one of them. A path is no number."""
    kind = str(parameter.annotation)
    counts = ("int", "ItemCount", "ItemCount | None")
    return "Path" in kind or kind == "bool" or (kind in counts and parameter.name.endswith("s"))
