"""The agents that have a name: what they do, where they are and what they need."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class AgentSpec:
    """An agent that has a name.

    Attributes:
        name: "lin-ts"; of a family of agents an example, "sklearn:SGDRegressor", with the family's name before the colon.
        summary: what it does, in a line.
        entry_point: "module:Class", a class of (problem, seed, scalarizer) with keyword options; of a family a module with
            `find(name)`, `options(name)` and `make(name, problem, seed, scalarizer, **options)`.
        extra: the extra of slategym that brings the library that it needs; empty if it needs none.
        library: the module of that library.
        sees_simulation: it is made of the simulation instead of the problem.
        any_weights: one run teaches it every weighting of the objectives: `with_weights` needs no further learning.
        in_shards: copies of it learn together over the shards of a world, by sums.
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
        AgentSpec("random", "every slate as likely as any other", "slategym.agents.baselines:Random"),
        AgentSpec(
            "popularity",
            "the items with the highest reward per examined impression, the same for everybody",
            "slategym.agents.baselines:Popularity",
            in_shards=True,
        ),
        AgentSpec(
            "epsilon-greedy",
            "popularity, with a random item at every tenth rank",
            "slategym.agents.baselines:EpsilonGreedy",
            in_shards=True,
        ),
        AgentSpec(
            "bandit:beta-ts",
            "Thompson sampling of items, the same for everybody; bandit:ucb1, bandit:kl-ucb, bandit:exp3, ... are other bandits",
            "slategym.agents.bandits.named",
            in_shards=True,
        ),
        AgentSpec(
            "ranking:cascade-kl-ucb",
            "a bandit of items that learns down to the first click; ranking:pbm-ucb, ranking:ranked-ucb1, ... learn otherwise",
            "slategym.agents.ranking.named",
            in_shards=True,
        ),
        AgentSpec(
            "lin-ucb",
            "a linear model of clicks and conversions, optimistic where it is uncertain",
            "slategym.agents.linear.agents:LinUCB",
            in_shards=True,
        ),
        AgentSpec(
            "lin-ts",
            "Thompson sampling with the model of lin-ucb: coefficients drawn from their posterior",
            "slategym.agents.linear.agents:LinTS",
            in_shards=True,
        ),
        AgentSpec(
            "lin-epsilon-greedy",
            "the model of lin-ts, with a random item at every twentieth rank",
            "slategym.agents.linear.epsilon_greedy:LinEpsilonGreedy",
            in_shards=True,
        ),
        AgentSpec(
            "logistic-ts",
            "Thompson sampling with logistic models of clicks and conversions that learn from the last slates again",
            "slategym.agents.logistic.agents:LogisticTS",
        ),
        AgentSpec(
            "logistic-ucb",
            "the models of logistic-ts, optimistic where they are uncertain",
            "slategym.agents.logistic.agents:LogisticUCB",
        ),
        AgentSpec(
            "predictor:mlp",
            "a network of clicks and conversions, with random exploration; predictor:esmm, predictor:mmoe, ... are others",
            "slategym.agents.predictors.family",
        ),
        AgentSpec(
            "recommender:item-knn",
            "items like those that a shopper clicked before; recommender:user-knn, recommender:als, ... are other ways",
            "slategym.agents.recommenders.named",
        ),
        AgentSpec(
            "policy-gradient",
            "REINFORCE over slates with a two-tower network; PPO's clip, directions of several gradients",
            "slategym.agents.policy_gradient.agent:PolicyGradient",
            in_shards=True,
        ),
        AgentSpec(
            "conditioned-policy-gradient",
            "policy-gradient with the weights as input: one network for the whole front",
            "slategym.agents.policy_gradient.conditioned:ConditionedPolicyGradient",
            any_weights=True,
        ),
        AgentSpec(
            "actor-critic",
            "a policy gradient with a critic for each objective, and if you like with a memory of what shoppers clicked",
            "slategym.agents.actor_critic.agent:ActorCritic",
        ),
        AgentSpec(
            "ppo",
            "actor-critic whose policy moves a limited way with each batch of slates",
            "slategym.agents.actor_critic.ppo:PPO",
        ),
        AgentSpec(
            "slateq:network",
            "SlateQ: the value of a slate over all visits to come, by a network; slateq:tabular learns it by tables",
            "slategym.agents.values.named",
        ),
        AgentSpec(
            "lookahead:lin-ucb",
            "lin-ucb, which counts what clicks do to how long shoppers stay; lookahead:logistic-ts, ... wrap other agents",
            "slategym.agents.lookahead.agent",
        ),
        AgentSpec(
            "crosses:lin-ts",
            "lin-ts, whose context also has the products of its columns; crosses:logistic-ts, ... wrap other agents",
            "slategym.agents.crosses",
        ),
        AgentSpec(
            "fusion:mean",
            "one agent made of several; fusion:fixed, fusion:exponential, fusion:stacking and fusion:bandit are the other ways",
            "slategym.agents.fusion.named",
        ),
        AgentSpec(
            "text-reranker:logistic-ts",
            "logistic-ts, whose best items are re-ranked by what reads their titles; text-reranker:lin-ts, ... wrap other agents",
            "slategym.agents.text.reranker",
        ),
        AgentSpec(
            "square-cb:lin-ts",
            "the estimates of lin-ts, explored in inverse proportion to their gaps; square-cb:logistic-ts, ... wrap others",
            "slategym.agents.square_cb",
        ),
        AgentSpec(
            "mmr:lin-ts",
            "lin-ts, whose best items are re-ranked so that they differ, by maximal marginal relevance; mmr:popularity, ...",
            "slategym.agents.ranking.diversity",
        ),
        AgentSpec(
            "dpp:lin-ts",
            "lin-ts, whose best items are re-ranked so that they differ, by a determinantal point process; dpp:popularity, ...",
            "slategym.agents.ranking.diversity",
        ),
        AgentSpec(
            "sb3:PPO",
            "Stable-Baselines3's PPO on the query action; sb3:A2C, sb3:RecurrentPPO, ... are others of it and of sb3-contrib",
            "slategym.agents.adapters.sb3_named",
        ),
        AgentSpec(
            "oracle",
            "the best slate of each visit, read from the simulation: the ceiling",
            "slategym.agents.oracle:Oracle",
            sees_simulation=True,
        ),
        AgentSpec(
            "nsga2",
            "NSGA-II: a population of weightings, or of slates, that comes to cover the front",
            "slategym.agents.evolution.agents:NSGA2",
            "mo",
            "pymoo",
        ),
        AgentSpec(
            "pso",
            "a particle swarm: the weighting, or the slate, of the highest utility",
            "slategym.agents.evolution.agents:ParticleSwarm",
            "mo",
            "pymoo",
        ),
        AgentSpec(
            "sklearn:SGDRegressor",
            "scikit-learn's linear model of the reward of an item; sklearn:MLPClassifier, ... are its other models",
            "slategym.agents.adapters.estimator",
            "peers",
            "sklearn",
        ),
        AgentSpec(
            "river:BayesianLinearRegression",
            "river's linear model of the reward of an item; river:LogisticRegression, ... are its other models",
            "slategym.agents.adapters.river",
            "peers",
            "river",
        ),
        AgentSpec(
            "mabwiser:LinUCB",
            "MABWiser's bandit with an arm per item; mabwiser:LinTS, mabwiser:UCB1, ... are its other policies",
            "slategym.agents.adapters.mabwiser",
            "peers",
            "mabwiser",
        ),
        AgentSpec(
            "vowpal-wabbit",
            "Vowpal Wabbit's cb_explore_adf, rank by rank",
            "slategym.agents.adapters.vowpal:VowpalWabbit",
            "peers",
            "vowpalwabbit",
        ),
    )
}

# How custom agents are named.
CUSTOM: dict[str, str] = {
    "my_agent.py:Mine": "a class or function of (problem, seed, scalarizer) that gives an object with act and update",
    "my_file.py:MyPPO": "a subclass of a Stable-Baselines3 algorithm; it learns on the query action, as sb3:PPO does",
    "sb3:my_model.zip": "a model that Stable-Baselines3 trained and saved; it learns no further",
    "my_model.agent": "an agent that was saved; it goes on learning, unless with learning=false",
    "scores:my_file.py:score": "the highest scores of a function of observations (n, o), or of those and items' features (m, d)",
    "onnx:my_model.onnx": "the same of a network in an ONNX file; needs the extra onnx",
}

SAVED = AgentSpec("my_model.agent", CUSTOM["my_model.agent"], "slategym.agents.saved.file")
MADE_ELSEWHERE = {
    "scores": AgentSpec("scores:my_file.py:score", CUSTOM["scores:my_file.py:score"], "slategym.agents.saved.scored"),
    "onnx": AgentSpec(
        "onnx:my_model.onnx", CUSTOM["onnx:my_model.onnx"], "slategym.agents.saved.onnx", extra="onnx", library="onnxruntime"
    ),
}
FAMILIES = {name.partition(":")[0]: spec for name, spec in AGENTS.items() if ":" in name}
