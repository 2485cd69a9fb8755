"""What obp 0.4.1 estimates, and the arrays that it does so from; run in a process of its own.

`python obp_reference.py TARGET WHAT OUT.npz`: TARGET is the folder with obp, WHAT one of the functions below.
"""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.special import softmax
from sklearn.linear_model import LogisticRegression

RUNS = 20  # behind the published rows of synthetic data


def arrays(feedback, action_dist, model=None):
    """Reward, both probabilities of the logged action, and the predictions, as pure arrays over rounds."""
    rows, action = np.arange(feedback["n_rounds"]), feedback["action"]
    place = np.zeros_like(action) if feedback.get("position") is None else feedback["position"]
    found = {"reward": feedback["reward"], "behaviour": feedback["pscore"], "target": action_dist[rows, action, place]}
    if model is not None:
        at_place = model[rows, :, place]
        found |= {"predicted": at_place[rows, action], "expected": (at_place * action_dist[rows, :, place]).sum(axis=1)}
    return {name: np.asarray(each, np.float64) for name, each in found.items()}


def estimates(feedback, action_dist, model):
    """By estimator, as obp names them."""
    from obp import ope

    made = [ope.InverseProbabilityWeighting(), ope.SelfNormalizedInverseProbabilityWeighting(), ope.DirectMethod()]
    made += [ope.DoublyRobust(), ope.SelfNormalizedDoublyRobust()]
    made += [
        ope.SwitchDoublyRobust(tau=5, estimator_name="switch-dr"),
        ope.DoublyRobustWithShrinkage(lambda_=1, estimator_name="dr-os"),
    ]
    evaluation = ope.OffPolicyEvaluation(bandit_feedback=feedback, ope_estimators=made)
    return evaluation.estimate_policy_values(action_dist=action_dist, estimated_rewards_by_reg_model=model)


def digits():
    """The example of obp's README: its truth, and the relative error of IPW."""
    from obp.dataset import MultiClassToBanditReduction
    from obp.ope import InverseProbabilityWeighting, OffPolicyEvaluation
    from sklearn.datasets import load_digits
    from sklearn.ensemble import RandomForestClassifier

    x, y = load_digits(return_X_y=True)
    dataset = MultiClassToBanditReduction(X=x, y=y, base_classifier_b=LogisticRegression(random_state=12345))
    dataset.split_train_eval(eval_size=0.7, random_state=12345)
    feedback = dataset.obtain_batch_bandit_feedback(random_state=12345)
    action_dist = dataset.obtain_action_dist_by_eval_policy(base_classifier_e=RandomForestClassifier(random_state=12345))
    truth = dataset.calc_ground_truth_policy_value(action_dist=action_dist)
    evaluation = OffPolicyEvaluation(bandit_feedback=feedback, ope_estimators=[InverseProbabilityWeighting()])
    error = evaluation.evaluate_performance_of_estimators(
        ground_truth_policy_value=truth, action_dist=action_dist, metric="relative-ee"
    )
    return {**arrays(feedback, action_dist), "truth": truth, "error": error["ipw"]}


def synthetic():
    """Some of the runs of obp's examples/synthetic: 10,000 rounds, 30 actions, five context columns, beta -3."""
    from obp.dataset import SyntheticBanditDataset, logistic_reward_function
    from obp.ope import RegressionModel
    from obp.policy import IPWLearner

    def behaviour(context, action_context, random_state=None):
        """As later versions have it: the worse an action, the likelier."""
        return softmax(-3 * logistic_reward_function(context, action_context, random_state), axis=1)

    found = {}
    for run in range(RUNS):
        base = LogisticRegression(max_iter=10000, C=100, random_state=12345)
        dataset = SyntheticBanditDataset(
            n_actions=30,
            dim_context=5,
            reward_function=logistic_reward_function,
            behavior_policy_function=behaviour,
            random_state=run,
        )
        learner = IPWLearner(n_actions=30, base_classifier=base)
        train, test = (dataset.obtain_batch_bandit_feedback(n_rounds=10_000) for _ in range(2))
        learner.fit(context=train["context"], action=train["action"], reward=train["reward"], pscore=train["pscore"])
        action_dist = learner.predict_proba(context=test["context"])
        regression = RegressionModel(n_actions=30, action_context=dataset.action_context, base_model=base)
        model = regression.fit_predict(
            context=test["context"], action=test["action"], reward=test["reward"], n_folds=3, random_state=12345
        )
        truth = dataset.calc_ground_truth_policy_value(expected_reward=test["expected_reward"], action_dist=action_dist)
        given = {**arrays(test, action_dist, model), **estimates(test, action_dist, model), "truth": truth}
        found |= {f"{run}/{name}": each for name, each in given.items()}
    return found


def open_bandit():
    """The value of Bernoulli Thompson sampling from the random log of ten thousand impressions, as obp's notebook has it."""
    from obp.dataset import OpenBanditDataset
    from obp.ope import RegressionModel
    from obp.policy import BernoulliTS

    # As they were before pandas 2, with the axis in second place.
    drop, concat = pd.DataFrame.drop, pd.concat
    pd.DataFrame.drop = lambda frame, labels, axis=0: drop(frame, labels, axis=axis)
    pd.concat = lambda frames, axis=0: concat(frames, axis=axis)
    dataset = OpenBanditDataset(behavior_policy="random", campaign="all")
    feedback = dataset.obtain_batch_bandit_feedback()
    policy = BernoulliTS(
        n_actions=dataset.n_actions, len_list=dataset.len_list, is_zozotown_prior=True, campaign="all", random_state=12345
    )
    action_dist = policy.compute_batch_action_dist(n_sim=100_000, n_rounds=feedback["n_rounds"])
    regression = RegressionModel(
        n_actions=dataset.n_actions,
        len_list=dataset.len_list,
        action_context=dataset.action_context,
        base_model=LogisticRegression(max_iter=1000, random_state=12345),
    )
    given = {name: feedback[name] for name in ("context", "action", "reward", "position", "pscore")}
    model = regression.fit_predict(**given, random_state=12345)
    return {**arrays(feedback, action_dist, model), **estimates(feedback, action_dist, model)}


def slates():
    """obp's synthetic slates by a Plackett-Luce policy, judged under uniformly random slates."""
    from obp import ope
    from obp.dataset import SyntheticSlateBanditDataset, linear_behavior_policy_logit, logistic_reward_function

    dataset = SyntheticSlateBanditDataset(
        n_unique_action=6,
        len_list=3,
        dim_context=2,
        reward_type="binary",
        reward_structure="cascade_additive",
        click_model="cascade",
        random_state=12345,
        behavior_policy_function=linear_behavior_policy_logit,
        base_reward_function=logistic_reward_function,
    )
    feedback = dataset.obtain_batch_bandit_feedback(n_rounds=2000)
    whole, marginal, cascade = dataset.obtain_pscore_given_evaluation_policy_logit(
        action=feedback["action"], evaluation_policy_logit_=np.zeros((2000, 6)), return_pscore_item_position=True
    )
    common = {name: feedback[name] for name in ("slate_id", "reward", "position")}
    found = {
        "sips": ope.SlateStandardIPS(len_list=3).estimate_policy_value(
            pscore=feedback["pscore"], evaluation_policy_pscore=whole, **common
        ),
        "iips": ope.SlateIndependentIPS(len_list=3).estimate_policy_value(
            pscore_item_position=feedback["pscore_item_position"], evaluation_policy_pscore_item_position=marginal, **common
        ),
        "rips": ope.SlateRewardInteractionIPS(len_list=3).estimate_policy_value(
            pscore_cascade=feedback["pscore_cascade"], evaluation_policy_pscore_cascade=cascade, **common
        ),
    }
    kept = {"reward": feedback["reward"], "whole_behaviour": feedback["pscore"], "whole_target": whole}
    kept |= {"marginal_behaviour": feedback["pscore_item_position"], "marginal_target": marginal}
    kept |= {"cascade_behaviour": feedback["pscore_cascade"], "cascade_target": cascade}
    return found | {name: np.asarray(each, np.float64).reshape(2000, 3) for name, each in kept.items()}


if __name__ == "__main__":
    _, target, what, out = sys.argv
    sys.path.insert(0, target)
    np.savez(Path(out), **globals()[what]())
