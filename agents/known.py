"""The named agents, with a summary, an entry point and requirements of each. No code of agents is imported here."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class AgentSpec:
    """A named agent, or a family of agents.

    Attributes:
        name: such as "lin-ts"; for a family of agents an example, "sklearn:SGDRegressor", with the family's name before the
            colon.
        summary: one line on how it works.
        entry_point: "module:Class", a class of (problem, seed, scalarizer) with keyword options; for a family a module with
            `find(name)`, `options(name)` and `make(name, problem, seed, scalarizer, **options)`.
        extra: the extra of slategym that installs the library that the agent needs; empty if it needs none.
        library: the module of that library.
        sees_simulation: whether it is made from the simulation instead of the problem.
        any_weights: whether it learns to act for all weights of the objectives in one run, so that `with_weights` needs no
            further learning.
        in_shards: whether copies of it can learn together across the shards of a world, from sums.
    """

    name: str
    summary: str
    entry_point: str
    extra: str = ""
    library: str = ""
    sees_simulation: bool = False
    any_weights: bool = False
    in_shards: bool = False


AGENTS: dict[str, AgentSpec] = {
    spec.name: spec
    for spec in (
        AgentSpec("random", "uniformly random slates", "slategym.agents.baselines:Random"),
        AgentSpec(
            "popularity",
            "the items with the highest reward per examined impression, the same for all shoppers",
            "slategym.agents.baselines:Popularity",
            in_shards=True,
        ),
        AgentSpec(
            "epsilon-greedy",
            "popularity, with a random item at each rank with probability 0.1",
            "slategym.agents.baselines:EpsilonGreedy",
            in_shards=True,
        ),
        AgentSpec(
            "bandit:beta-ts",
            "Thompson sampling over items, without context; other bandits: bandit:ucb1, bandit:kl-ucb, bandit:exp3, ...",
            "slategym.agents.bandits.named",
            in_shards=True,
        ),
        AgentSpec(
            "ranking:cascade-kl-ucb",
            "a bandit over items with the cascade click model; other click models: ranking:pbm-ucb, ranking:ranked-ucb1, ...",
            "slategym.agents.ranking.named",
            in_shards=True,
        ),
        AgentSpec(
            "lin-ucb",
            "a linear model of clicks and conversions; items are ranked by upper confidence bounds",
            "slategym.agents.linear.agents:LinUCB",
            in_shards=True,
        ),
        AgentSpec(
            "lin-ts",
            "Thompson sampling with the model of lin-ucb: coefficients are drawn from their posterior",
            "slategym.agents.linear.agents:LinTS",
            in_shards=True,
        ),
        AgentSpec(
            "lin-epsilon-greedy",
            "the model of lin-ts, with a random item at each rank with probability 0.05",
            "slategym.agents.linear.epsilon_greedy:LinEpsilonGreedy",
            in_shards=True,
        ),
        AgentSpec(
            "logistic-ts",
            "Thompson sampling with logistic models of clicks and conversions, trained with replay of recent slates",
            "slategym.agents.logistic.agents:LogisticTS",
        ),
        AgentSpec(
            "logistic-ucb",
            "the models of logistic-ts; items are ranked by upper confidence bounds",
            "slategym.agents.logistic.agents:LogisticUCB",
        ),
        AgentSpec(
            "predictor:mlp",
            "a network for clicks and conversions, with random exploration; other networks: predictor:esmm, predictor:mmoe, ...",
            "slategym.agents.predictors.family",
        ),
        AgentSpec(
            "recommender:item-knn",
            "items similar to those that a shopper clicked before; other methods: recommender:user-knn, recommender:als, ...",
            "slategym.agents.recommenders.named",
        ),
        AgentSpec(
            "policy-gradient",
            "REINFORCE over slates with a two-tower network; options: PPO's clipping, multi-objective gradient directions",
            "slategym.agents.policy_gradient.agent:PolicyGradient",
            in_shards=True,
        ),
        AgentSpec(
            "conditioned-policy-gradient",
            "policy-gradient with the weights as input: one network for the whole Pareto front",
            "slategym.agents.policy_gradient.conditioned:ConditionedPolicyGradient",
            any_weights=True,
        ),
        AgentSpec(
            "actor-critic",
            "a policy gradient with a critic for each objective; option: a memory of each shopper's clicks",
            "slategym.agents.actor_critic.agent:ActorCritic",
        ),
        AgentSpec(
            "ppo",
            "actor-critic with PPO's clipping, which limits the change of the policy per batch of slates",
            "slategym.agents.actor_critic.ppo:PPO",
        ),
        AgentSpec(
            "slateq:network",
            "SlateQ: a network for the value of a slate over the present and all later visits; slateq:tabular uses tables",
            "slategym.agents.values.named",
        ),
        AgentSpec(
            "lookahead:lin-ucb",
            "lin-ucb that also values the effect of clicks on how long shoppers stay; other agents: lookahead:logistic-ts, ...",
            "slategym.agents.lookahead.agent",
        ),
        AgentSpec(
            "crosses:lin-ts",
            "lin-ts with the products of context columns as further context; other agents: crosses:logistic-ts, ...",
            "slategym.agents.crosses",
        ),
        AgentSpec(
            "fusion:mean",
            "the mean of several agents' estimates; other methods: fusion:fixed, fusion:exponential, fusion:stacking, ...",
            "slategym.agents.fusion.named",
        ),
        AgentSpec(
            "text-reranker:logistic-ts",
            "logistic-ts, its best items re-ranked by a model that reads their titles; other agents: text-reranker:lin-ts, ...",
            "slategym.agents.text.reranker",
        ),
        AgentSpec(
            "square-cb:lin-ts",
            "inverse-gap-weighted exploration with the estimates of lin-ts; other agents: square-cb:logistic-ts, ...",
            "slategym.agents.square_cb",
        ),
        AgentSpec(
            "mmr:lin-ts",
            "lin-ts, its best items re-ranked for diversity by maximal marginal relevance; other agents: mmr:popularity, ...",
            "slategym.agents.ranking.diversity",
        ),
        AgentSpec(
            "dpp:lin-ts",
            "lin-ts, its best items re-ranked for diversity by a determinantal point process; other agents: dpp:popularity, ...",
            "slategym.agents.ranking.diversity",
        ),
        AgentSpec(
            "sb3:PPO",
            "Stable-Baselines3's PPO on the query action; other algorithms, also of sb3-contrib: sb3:A2C, sb3:RecurrentPPO, ...",
            "slategym.agents.adapters.sb3_named",
        ),
        AgentSpec(
            "oracle",
            "the slate with the highest expected reward of each visit, read from the simulation: the upper bound",
            "slategym.agents.oracle:Oracle",
            sees_simulation=True,
        ),
        AgentSpec(
            "nsga2",
            "NSGA-II: evolves a population of weights, or of slates, towards the Pareto front",
            "slategym.agents.evolution.agents:NSGA2",
            "mo",
            "pymoo",
        ),
        AgentSpec(
            "pso",
            "a particle swarm that searches for the weights, or the slate, with the highest utility",
            "slategym.agents.evolution.agents:ParticleSwarm",
            "mo",
            "pymoo",
        ),
        AgentSpec(
            "sklearn:SGDRegressor",
            "scikit-learn's linear model of an item's reward; other models: sklearn:MLPClassifier, ...",
            "slategym.agents.adapters.estimator",
            "peers",
            "sklearn",
        ),
        AgentSpec(
            "river:BayesianLinearRegression",
            "river's linear model of an item's reward; other models: river:LogisticRegression, ...",
            "slategym.agents.adapters.river",
            "peers",
            "river",
        ),
        AgentSpec(
            "mabwiser:LinUCB",
            "MABWiser's bandit with an arm per item; other policies: mabwiser:LinTS, mabwiser:UCB1, ...",
            "slategym.agents.adapters.mabwiser",
            "peers",
            "mabwiser",
        ),
        AgentSpec(
            "vowpal-wabbit",
            "Vowpal Wabbit's contextual bandit cb_explore_adf, one decision per rank",
            "slategym.agents.adapters.vowpal:VowpalWabbit",
            "peers",
            "vowpalwabbit",
        ),
    )
}

# The forms of the names of custom agents.
CUSTOM: dict[str, str] = {
    "my_agent.py:Mine": "a class or function of (problem, seed, scalarizer) that returns an object with act and update",
    "my_file.py:MyPPO": "a subclass of a Stable-Baselines3 algorithm; it learns on the query action, as sb3:PPO does",
    "sb3:my_model.zip": "a model that Stable-Baselines3 trained and saved; it does not learn",
    "my_model.agent": "a saved agent; it continues to learn, unless learning=false",
    "scores:my_file.py:score": "the highest scores of a function of observations (n, o), or of observations and features (m, d)",
    "onnx:my_model.onnx": "the highest scores of a network in an ONNX file; needs the extra onnx",
}

SAVED = AgentSpec("my_model.agent", CUSTOM["my_model.agent"], "slategym.agents.saved.file")
MADE_ELSEWHERE = {
    "scores": AgentSpec("scores:my_file.py:score", CUSTOM["scores:my_file.py:score"], "slategym.agents.saved.scored"),
    "onnx": AgentSpec(
        "onnx:my_model.onnx", CUSTOM["onnx:my_model.onnx"], "slategym.agents.saved.onnx", extra="onnx", library="onnxruntime"
    ),
}
FAMILIES = {name.partition(":")[0]: spec for name, spec in AGENTS.items() if ":" in name}
