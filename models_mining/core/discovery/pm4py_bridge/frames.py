"""Events as pm4py reads them, and its directly-follows graph of them.

pm4py sorts by (case, time) where it needs to and breaks ties by row order, adds columns to the frame it is given,
and takes starts and ends from row order; so it always gets a fresh frame, sorted by (case, at, seq).
"""

from collections.abc import Collection, Iterable
from typing import Any

from models_mining.core.discovery.pm4py_bridge.loading import load
from models_mining.core.drawing.compare import BatchDfg
from models_mining.core.live_log import LoggedEvent

_DURATIONS = {"total_s": "sum", "mean_s": "mean", "median_s": "median", "min_s": "min", "max_s": "max"}
CASE, ACTIVITY, TIME = "case:concept:name", "concept:name", "time:timestamp"


def frame(rows: Iterable[LoggedEvent]) -> Any:
    """A new DataFrame of the events, in the order (case, at, seq), with pm4py's column names.

    Moments keep microseconds: in pandas' nanoseconds there is no year after 2262.
    """
    import numpy as np
    import pandas as pd

    ordered = sorted(rows, key=lambda row: (row.case, row.at_us, row.seq))
    moments = pd.Series(np.array([row.at_us for row in ordered], dtype="datetime64[us]"))
    return pd.DataFrame(
        {
            CASE: pd.Series([row.case for row in ordered], dtype="object"),
            ACTIVITY: pd.Series([row.activity for row in ordered], dtype="object"),
            TIME: moments.dt.tz_localize("UTC"),
        }
    )


def batch_dfg(rows: Iterable[LoggedEvent], closed: Collection[str] = frozenset()) -> BatchDfg:
    """pm4py's directly-follows graph of ``rows`` with performance; ``closed`` cases are not counted as open.

    Durations are pm4py's own, but for the 95th percentile: numpy's of the durations pm4py lists.
    """
    events = frame(rows)
    if events.empty:
        return BatchDfg()
    import numpy as np

    pm4py = load()
    edges, starts, ends = pm4py.discover_dfg(events.copy())
    performance, _, _ = pm4py.discover_performance_dfg(events.copy())
    durations, _, _ = pm4py.discover_performance_dfg(events.copy(), perf_aggregation_key="raw_values")
    activities = pm4py.get_event_attribute_values(events.copy(), ACTIVITY)
    last = events.groupby(CASE, sort=False)[ACTIVITY].last()
    still_open = last[~last.index.isin(list(closed))].value_counts()
    return BatchDfg(
        activities={activity: int(count) for activity, count in activities.items()},
        starts={activity: int(count) for activity, count in starts.items()},
        ends={activity: int(count) for activity, count in ends.items()},
        open={activity: int(count) for activity, count in still_open.items()},
        edges={pair: int(count) for pair, count in edges.items()},
        durations={
            **{
                name: {pair: float(found[theirs]) for pair, found in performance.items()}
                for name, theirs in _DURATIONS.items()
            },
            "p95_s": {pair: float(np.quantile(values, 0.95)) for pair, values in durations.items()},
        },
    )
