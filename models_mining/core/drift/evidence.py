"""How certain it is that two sides of a moment differ."""

from collections.abc import Iterable
from typing import Any

import numpy as np


def likelihood_ratio(n: Iterable[Any], of: Iterable[Any], share: list[Any]) -> Any:
    """Likelihood-ratio statistic G: how much better two probabilities explain the counts than a common one.

    ``n`` of ``of`` before and after (arrays of one shape); ``share`` is n / of before, after, and of both together.

    Without a change P(G > x) is about exp(-x / 2), for rare edges too. Source: Wilks, Ann. Math. Statist. 9(1), 1938.
    """
    return 2 * sum(
        _gain(times, own, share[2]) + _gain(out - times, 1 - own, 1 - share[2])
        for times, out, own in zip(n, of, share, strict=False)
    )


def t_squared(low: Any, high: Any) -> tuple[Any, Any]:
    """Student's t² for the means of two sides, of (n, sum, sum of squares) each; and how far the means are apart."""
    low_n, high_n = np.maximum(low[0], 1), np.maximum(high[0], 1)
    apart = np.abs(low[1] / low_n - high[1] / high_n)
    within = low[2] - low[1] ** 2 / low_n + high[2] - high[1] ** 2 / high_n
    variance = np.maximum(within / np.maximum(low[0] + high[0] - 2, 1), 1e-6)
    return apart**2 / (1 / low_n + 1 / high_n) / variance, apart


def _gain(times: Any, share: Any, overall: Any) -> Any:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(times > 0, times * np.log(share / overall), 0.0)
