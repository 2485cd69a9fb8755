"""Trains algorithms of MORL-Baselines in a world, and measures them as `slategym pareto` measures agents.

`python docs/morl_peers.py Envelope GPI-LS PCN CAPQL --slates 5000 --seeds 3`, in an environment of its own with slategym and
morl-baselines 1.3. They see the standardised context; each objective is in ranges of the exact front, so that weights are shares
of ranges. Value learners and CAPQL look at one visit (gamma 0).
"""

import argparse
import json
from time import process_time

import gymnasium
import numpy as np
from gymnasium.wrappers import TransformObservation, TransformReward

from slategym import DiscreteAction, MOSlateEnv, QueryAction, Simulation, make_world
from slategym.bench.execution.regret import reference_of
from slategym.bench.execution.threads import one_thread
from slategym.bench.fronts.achievable import AchievableSet
from slategym.bench.fronts.front import front
from slategym.bench.fronts.indicators import weight_set
from slategym.bench.statistics import Estimate
from slategym.bench.sweeps.summary import measured
from slategym.envs.wrappers.discrete import DiscreteForm
from slategym.envs.wrappers.query import QueryForm
from slategym.sim.shoppers import Shoppers

ROWS = 20  # shoppers whose visits judge a policy
NETWORK = [64, 64]


def envelope(env, seed, slates):
    from morl_baselines.multi_policy.envelope.envelope import Envelope

    options = {"gamma": 0.0, "batch_size": 64, "net_arch": NETWORK, "buffer_size": slates, "per": False}
    explored = {"initial_epsilon": 1.0, "final_epsilon": 0.05, "epsilon_decay_steps": slates // 2}
    agent = Envelope(env, seed=seed, log=False, device="cpu", **options, **explored)
    agent.train(slates)
    return lambda seen, left, weights: [agent.eval(row, weights) for row in seen]


def gpi_ls(env, seed, slates):
    from morl_baselines.multi_policy.gpi_pd.gpi_pd import GPILS

    options = {"gamma": 0.0, "batch_size": 64, "net_arch": NETWORK, "buffer_size": slates, "gradient_updates": 1}
    explored = {"initial_epsilon": 1.0, "final_epsilon": 0.05, "epsilon_decay_steps": slates // 2}
    agent = GPILS(env, seed=seed, log=False, device="cpu", **options, **explored)
    per_iteration, lowest = slates // 5, np.zeros(env.unwrapped.reward_dim)
    agent.train(slates, env, lowest, timesteps_per_iter=per_iteration, num_eval_episodes_for_front=1, checkpoints=False)
    return lambda seen, left, weights: [agent.eval(row, weights) for row in seen]


def pcn(env, seed, slates):
    from morl_baselines.multi_policy.pcn.pcn import PCN

    visits = env.get_wrapper_attr("world").visits
    scaling = np.append(np.full(env.unwrapped.reward_dim, 1 / visits), 1 / visits).astype(np.float32)
    agent = PCN(env, scaling, seed=seed, log=False, device="cpu", batch_size=256, learning_rate=1e-3, hidden_dim=64)
    agent.save = lambda *args, **options: None  # a file for each step otherwise
    agent.evaluate = lambda *args, **options: (None, None, None)  # further episodes for its own log
    most = np.full(env.unwrapped.reward_dim, np.inf, np.float32)
    agent.train(slates, env, np.zeros(env.unwrapped.reward_dim), max_return=most)
    returns = np.array([episode[2][0].reward for episode in agent.experience_replay])

    def policy(seen, left, weights):
        command = returns[(returns @ weights).argmax()]  # the episode that was best for these weights
        shares = left / visits
        return [agent._act(row, command * share, share * visits, True) for row, share in zip(seen, shares, strict=True)]

    return policy


def capql(env, seed, slates):
    from morl_baselines.multi_policy.capql.capql import CAPQL

    options = {"gamma": 0.0, "net_arch": NETWORK, "buffer_size": slates, "learning_starts": slates // 10, "alpha": 0.05}
    agent = CAPQL(env, seed=seed, log=False, device="cpu", **options)
    agent.train(slates, env, np.zeros(env.unwrapped.reward_dim))
    return lambda seen, left, weights: [agent.eval(row, weights) for row in seen]


ALGORITHMS = {
    "Envelope": (envelope, DiscreteAction, DiscreteForm),
    "GPI-LS": (gpi_ls, DiscreteAction, DiscreteForm),
    "PCN": (pcn, DiscreteAction, DiscreteForm),
    "CAPQL": (capql, QueryAction, QueryForm),
}


def visited(world, seed):
    """The shoppers at each of their visits, as random slates leave them, and the visits that each has left, with this one."""
    simulation, random, kept = Simulation(world, seed, ROWS), np.random.default_rng(seed), []
    for _ in range(world.visits):
        kept.append(simulation.shoppers.take(np.arange(ROWS)))
        slates = random.permuted(np.tile(np.arange(world.choices), (ROWS, 1)), axis=1)[:, : world.slate_size]
        answer = simulation.show(slates)
        simulation.restart(answer.terminated | answer.truncated)
    shoppers = Shoppers.joined(kept)
    return shoppers, world.visits - shoppers.visit


def trained(name, world, seed, slates, points, random):
    """The indicators of an algorithm after some slates, the value for each of the weights, and the seconds that it took."""
    make, action, form = ALGORITHMS[name]
    shoppers, left = visited(world, 10_000 + seed)
    exact = front(AchievableSet(world, shoppers))
    columns = world.layout["context"]
    newcomers = world.observe(world.shoppers(10_000, np.arange(2000)))[:, columns]
    centre, spread = newcomers.mean(axis=0), newcomers.std(axis=0) + 1e-6

    def standard(observation):
        return ((observation[..., columns] - centre) / spread).astype(np.float32)

    space = gymnasium.spaces.Box(-np.inf, np.inf, centre.shape, np.float32)
    env = TransformObservation(action(MOSlateEnv(world)), standard, space)
    env = TransformReward(env, lambda reward: np.asarray(reward / exact.ranges, np.float32))
    env.reset(seed=seed)
    started = process_time()
    policy = make(env, seed, slates)
    seconds = process_time() - started
    seen, slates_of = standard(world.observe(shoppers)), form(world)
    values = []
    for weights in weight_set(len(exact.objectives), points):
        chosen = slates_of.slates(np.array(policy(seen, left, np.asarray(weights, np.float32))), None)
        values.append(world.expected(shoppers, chosen).mean(axis=0))
    return measured(np.array(values), exact, random), np.array(values), seconds


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("algorithms", nargs="+", choices=ALGORITHMS)
    parser.add_argument("--world", default="ShopBandit-v0")
    parser.add_argument("--slates", type=int, default=5000)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--points", type=int, default=3)
    given = parser.parse_args()
    world = make_world(given.world)
    random = reference_of(world).disagreement
    for name in given.algorithms:
        shares = []
        for seed in range(given.seeds):
            with one_thread(with_torch=True):
                found, values, seconds = trained(name, world, seed, given.slates, given.points, random)
            shares.append(found["hypervolume_share"])
            print(json.dumps({"algorithm": name, "seed": seed, **found, "values": values.round(4).tolist(), "seconds": seconds}))
        print(name, given.slates, "slates:", Estimate.from_seeds(shares), flush=True)


if __name__ == "__main__":
    main()
