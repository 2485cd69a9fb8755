"""Losses of predictors: negative log-likelihoods of clicks and conversions, for each impression."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid, softplus

MOST = 1 - 1e-6  # largest probability whose complement's logarithm is taken


def of_clicks(logit: Tensor, examined: Tensor, clicks: Tensor) -> Tensor:
    """The loss of clicks in the position-based model, P(click) = examined sigmoid(logit).

    Args:
        logit: (...) logit of a click at the best rank.
        examined: (...) the probability that the rank is examined, relative to the best one.
        clicks: (...) 0 or 1.
    """
    missed = torch.log1p(-(examined * torch.sigmoid(logit)).clamp(max=MOST))
    return -(clicks * (examined.log() + logsigmoid(logit)) + (1 - clicks) * missed)


def of_clicked(logit: Tensor, clicks: Tensor, conversions: Tensor) -> Tensor:
    """The loss of conversions of clicked items; 0 for items that were not clicked.

    Args:
        logit: (...) logit of a conversion of a click.
        clicks: (...) 0 or 1.
        conversions: (...) 0 or 1.
    """
    return clicks * (softplus(logit) - conversions * logit)


def of_both(click: Tensor, conversion: Tensor, examined: Tensor, conversions: Tensor) -> Tensor:
    """The loss of a click that converts, over all impressions (Ma et al., "Entire space multi-task model", SIGIR 2018, eq. 3).

    Args:
        click: (...) logit of a click at the best rank.
        conversion: (...) logit of a conversion of a click.
        examined: (...) the probability that the rank is examined, relative to the best one.
        conversions: (...) 0 or 1.
    """
    logarithm = examined.log() + logsigmoid(click) + logsigmoid(conversion)
    return -(conversions * logarithm + (1 - conversions) * torch.log1p(-logarithm.exp().clamp(max=MOST)))


def fake_negative(logit: Tensor, clicks: Tensor, conversions: Tensor) -> Tensor:
    """The loss of conversions of clicks, each of which counts as "no conversion" at first (Ktena et al., RecSys 2019, eq. 8).

    A conversion is seen twice, first as negative and then as positive, so that the share of positives is p / (1 + p). The weights
    1 + p of positives and (1 - p)(1 + p) of negatives, with the present estimate of p, correct for that.

    Args:
        logit: (...) logit of a conversion of a click.
        clicks: (...) 0 or 1.
        conversions: (...) 0 or 1, those that have arrived.
    """
    chance = torch.sigmoid(logit).detach()
    positive, negative = -(1 + chance) * logsigmoid(logit), -(1 - chance) * (1 + chance) * logsigmoid(-logit)
    return clicks * (negative + conversions * positive)


def delayed_feedback(
    logit: Tensor, log_rate: Tensor, clicks: Tensor, conversions: Tensor, delay: Tensor, elapsed: Tensor
) -> Tensor:
    """The loss of conversions of clicks whose delays are exponential (Chapelle, KDD 2014, eq. 8 to 11).

    For a conversion that has arrived it is -log p - log l + l d; for a click without one so far, -log(1 - p + p exp(-l e)).

    Args:
        logit: (...) logit of a conversion of a click.
        log_rate: (...) the logarithm of l, the rate at which conversions arrive, per step.
        clicks: (...) 0 or 1.
        conversions: (...) 0 or 1, those that have arrived.
        delay: (...) d, steps from the impression to the conversion.
        elapsed: (...) e, steps since the impression.
    """
    rate = log_rate.exp()
    arrived = -logsigmoid(logit) - log_rate + rate * delay
    open_ = -torch.logaddexp(logsigmoid(-logit), logsigmoid(logit) - rate * elapsed)
    return clicks * torch.where(conversions > 0, arrived, open_)
