"""What pm4py's batch functions say of a log and a net: what audits compare with."""

from collections.abc import Iterable

from models_mining.core.discovery.pm4py_bridge.frames import frame
from models_mining.core.discovery.pm4py_bridge.loading import load
from models_mining.core.discovery.pm4py_bridge.nets import to_pm4py
from models_mining.core.drawing.nets import Net
from models_mining.core.live_log import LoggedEvent


def batch_figures(rows: Iterable[LoggedEvent], net: Net) -> dict[str, float | None]:
    """Fitness, precision, generalization and simplicity of whole cases, under the names of `Figures`.

    Of no cases pm4py tells simplicity only; fitness is 0 then, and generalization that of transitions never used.
    """
    events = frame(rows)
    pm4py = load()
    simplicity = float(pm4py.simplicity_petri_net(*to_pm4py(net)))
    if events.empty:
        none = {"percentage_of_fitting_traces": 0.0, "average_trace_fitness": 0.0, "log_fitness": 0.0}
        return {**none, "precision": None, "generalization": 0.0, "simplicity": simplicity}
    fitness = pm4py.fitness_token_based_replay(events.copy(), *to_pm4py(net))
    return {
        **{name: float(fitness[name]) for name in ("percentage_of_fitting_traces", "average_trace_fitness")},
        "log_fitness": float(fitness["log_fitness"]),
        "precision": float(pm4py.precision_token_based_replay(events.copy(), *to_pm4py(net))),
        "generalization": float(pm4py.generalization_tbr(events.copy(), *to_pm4py(net))),
        "simplicity": simplicity,
    }
