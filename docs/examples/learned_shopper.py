"""Shoppers learned from a log: `python learned_shopper.py runs/log` writes learned_shopper.pt beside this file."""

import sys
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn.functional import binary_cross_entropy, binary_cross_entropy_with_logits

from slategym import PositionBased, Problem, UserModel, make_world
from slategym.bench import read_log
from slategym.sim import HISTORY_DECAY, Stream

FILE = Path(__file__).with_name("learned_shopper.pt")
KEPT = 0.9  # of what a shopper has taken in, a visit later


class Network(nn.Module):
    """What draws, what sells once clicked, how often each rank is looked at, and who leaves."""

    def __init__(self, observed, described, items, ranks, features, width=32):
        super().__init__()
        self.curved = nn.Sequential(nn.Linear(observed, width), nn.SiLU(), nn.Linear(width, width))
        self.straight = nn.Linear(observed, width)
        self.item = nn.Linear(described, width, bias=False)
        self.level = nn.Linear(described, 2)
        self.own = nn.Parameter(torch.zeros(items, 2))  # what nothing that is known of an item tells
        self.sells = nn.Parameter(torch.full((width,), 0.5))  # how much of the fit counts for a conversion too
        self.ranks = nn.Parameter(torch.ones(ranks - 1))
        self.leaves = nn.Linear(features + 2, 1)
        with torch.no_grad():  # at first all are much alike; clicks, conversions and leaving are rare
            for layer in (self.item, self.level, self.leaves):
                layer.weight *= 0.3
            self.level.bias -= 3
            self.leaves.bias -= 3

    def forward(self, observation, described, slate=None):
        """Logits of a click where the item is looked at, and of a conversion where it is clicked: (n, k), or (n, m) of all."""
        shopper = self.curved(observation) + self.straight(observation)
        item, level = self.item(described), self.level(described) + self.own
        if slate is not None:
            item, level = item[slate], level[slate]
        fit = "nw,mw->nm" if slate is None else "nw,nkw->nk"
        return [torch.einsum(fit, who, item) + level[..., part] for part, who in enumerate((shopper, shopper * self.sells))]

    def examination(self):
        """(k,) as a share of the first rank's: clicks tell no more."""
        return torch.cat([torch.ones(1), torch.sigmoid(self.ranks)])


def describe(items):
    """(m, d + g) what the recommender knows of a `Problem`'s or a `Catalog`'s items: features, and a column for each category."""
    category = np.eye(items.category.max() + 1, dtype=np.float32)[items.category]
    return torch.from_numpy(np.concatenate([items.features, category], axis=1))


def outcomes(log, problem):
    """The targets: clicks, conversions and whether they are known; who left, who could, and what they had taken in."""
    rows = log.config["shoppers"]  # at each step there is one line for each row of shoppers
    converted = log["conversions"].copy()
    # Delayed conversions count where they were clicked.
    converted[log["delayed_row"] - rows * log["delayed_age"], log["delayed_rank"]] = True
    known = log["clicks"] & (log["step"] < log["step"].max() - problem.longest_delay)[:, None]
    left = np.append(log["shopper"][rows:] != log["shopper"][:-rows], np.zeros(rows, np.bool_))
    may_leave = (log["step"] < log["step"].max()) & (log["visit"] < log["visit"].max())
    taken = np.einsum("rk,rkd->rd", log["clicks"], problem.features[log["slate"]]).reshape(-1, rows, problem.features.shape[1])
    for step, returns in enumerate(log["visit"].reshape(-1, rows, 1)[1:] > 0, 1):
        taken[step] += KEPT * taken[step - 1] * returns
    engaged = HISTORY_DECAY * log["observation"][:, problem.layout["engagement"]]
    engaged += np.stack([log["clicks"].sum(axis=1), converted.sum(axis=1)], axis=1)
    memory = np.concatenate([taken.reshape(len(log), -1), engaged], axis=1)
    return [torch.from_numpy(each) for each in (log["clicks"].copy(), converted, known, left, may_leave, memory)]


def train(path, epochs=6, batch=2048):
    """Learn from a log with observations, and write what was learned to FILE."""
    log = read_log(path)
    problem = Problem.of(make_world(log.config["world"]))  # of the shop only what a recommender knows
    seen, described = log["observation"], describe(problem)
    mean, spread = seen.mean(axis=0), seen.std(axis=0) + 1e-6
    torch.manual_seed(0)
    network = Network(seen.shape[1], described.shape[1], problem.items, problem.slate_size, problem.features.shape[1])
    quick = [each for name, each in network.named_parameters() if each.ndim == 1 or name in ("own", "leaves.weight")]
    slow = [each for name, each in network.named_parameters() if not (each.ndim == 1 or name in ("own", "leaves.weight"))]
    optimiser = torch.optim.AdamW([{"params": slow, "weight_decay": 1.0}, {"params": quick, "weight_decay": 0.0}])
    steps = epochs * -(-len(log) // batch)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, [4e-3, 3e-2], total_steps=steps)

    observation, slate = torch.from_numpy((seen - mean) / spread), torch.from_numpy(log["slate"].astype(np.int64))
    columns = outcomes(log, problem)
    for _ in range(epochs):
        for some in torch.randperm(len(log)).split(batch):
            clicked, converted, known, left, may_leave, memory = (each[some] for each in columns)
            click, conversion = network(observation[some], described, slate[some])
            leaves = network.leaves(memory[may_leave])[:, 0]
            loss = binary_cross_entropy(network.examination() * torch.sigmoid(click), clicked.float(), reduction="sum")
            loss += binary_cross_entropy_with_logits(conversion[known], converted[known].float(), reduction="sum")
            loss += binary_cross_entropy_with_logits(leaves, left[may_leave].float(), reduction="sum")
            loss += 2 * len(some) / len(log) * network.own.square().sum()  # an item is like others until it shows otherwise
            optimiser.zero_grad()
            (loss / len(some)).backward()
            optimiser.step()
            schedule.step()
    first = torch.from_numpy(seen[log["visit"] == 0][:, problem.layout["context"]])
    numbers = {"mean": torch.from_numpy(mean), "spread": torch.from_numpy(spread), "first": first}
    torch.save({"network": network.state_dict(), **numbers}, FILE)
    print(f"{len(log):,} slates, {columns[0].sum():,} clicks, {columns[1].sum():,} conversions -> {FILE.name}")


class LearnedShopper(UserModel):
    """Shoppers as `train` has learned them, of a shop that they visit up to 30 times."""

    visits = 30

    def __init__(self):
        saved = torch.load(FILE, weights_only=True)
        weights = saved["network"]
        observed, described = (weights[name].shape[1] for name in ("straight.weight", "item.weight"))
        features = weights["leaves.weight"].shape[1] - 2
        network = Network(observed, described, len(weights["own"]), len(weights["ranks"]) + 1, features)
        network.load_state_dict(weights)
        self.network = network.double().requires_grad_(False)  # float64: who else is asked matters little
        self.mean, self.spread, self.first = (saved[name].numpy() for name in ("mean", "spread", "first"))
        self.click_model = PositionBased(network.examination().numpy())

    def sample(self, draws, catalog):
        """Somebody of whom the log holds a first visit."""
        who = (draws.uniform(Stream.TRAIT) * len(self.first)).astype(np.int64)
        return {"seen": self.first[who]}, {"taken": np.zeros((len(who), catalog.features.shape[1]), np.float32)}

    def context(self, shoppers):
        return shoppers.seen

    def attraction(self, shoppers, catalog, slate):
        return self.probability(0, shoppers, catalog, slate)

    def conversion(self, shoppers, catalog, slate):
        return self.probability(1, shoppers, catalog, slate)

    def evolve(self, shoppers, catalog, slate, feedback, draws):
        taken = shoppers.state["taken"]
        taken *= KEPT
        taken += np.einsum("nk,nkd->nd", feedback.clicks, catalog.features[slate])

    def leaving(self, shoppers, feedback):
        memory = np.concatenate([shoppers.taken, shoppers.engagement], axis=1, dtype=np.float64)
        return torch.sigmoid(self.network.leaves(torch.from_numpy(memory)))[:, 0].numpy()

    def probability(self, which, shoppers, catalog, slate):
        """(n, k) of a slate, (n, m) of every item."""
        clock = (shoppers.visit / self.visits)[:, None]
        seen = np.concatenate([shoppers.seen, shoppers.exposure, shoppers.engagement, clock], axis=1, dtype=np.float64)
        shown = None if slate is None else torch.from_numpy(slate)
        logits = self.network(torch.from_numpy((seen - self.mean) / self.spread), describe(catalog).double(), shown)
        return torch.sigmoid(logits[which]).numpy()


if __name__ == "__main__":
    torch.set_num_threads(1)  # the batches are small: threads would only wait for each other
    train(sys.argv[1])
