"""How probable each edge of a datasource is, as its selection says."""

from simulator.world.chain import DriftingProbability, GenericProbability, Ordered, Selection, Uniform


def probabilities(selection: Selection, k: int) -> tuple[float, ...]:
    """The probability of each edge at the k-th choice, k = 1, 2, …; of ordered edges their share in the long run."""
    match selection:
        case GenericProbability(weights):
            return weights
        case DriftingProbability(start, end, steps):
            r = min(1.0, k / steps)
            return tuple((1 - r) * a + r * b for a, b in zip(start, end, strict=True))
        case Uniform(edges) | Ordered(edges):
            return (1 / edges,) * edges
    raise TypeError(f"no probabilities are known of {type(selection).__name__}")
