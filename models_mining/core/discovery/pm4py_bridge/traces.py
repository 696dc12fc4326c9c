"""Whole cases as pm4py reads them: one trace per variant, or all of them in an order of their own."""

from collections.abc import Iterable
from itertools import groupby
from typing import Any

from models_mining.core.discovery.pm4py_bridge.frames import ACTIVITY, frame
from models_mining.core.discovery.pm4py_bridge.loading import load
from models_mining.core.live_log import LoggedEvent, Variant


def event_log(variants: Iterable[Variant]) -> Any:
    """An EventLog with a trace for each variant, in their order, without times."""
    load()
    from pm4py.objects.log.obj import EventLog, Trace

    return EventLog(
        Trace([{ACTIVITY: activity} for activity in variant], attributes={ACTIVITY: str(number)})
        for number, variant in enumerate(variants)
    )


def frame_by_variant(rows: Iterable[LoggedEvent]) -> Any:
    """The frame of ``rows`` with its cases sorted by their activities, and renamed so that pm4py keeps that order.

    Some algorithms break ties by the order of the cases. This is the order in which they get the variants of a live
    log, so that a difference is never one of ties.
    """
    ordered = sorted(rows, key=lambda row: (row.case, row.at_us, row.seq))
    cases = [list(events) for _, events in groupby(ordered, key=lambda row: row.case)]
    cases.sort(key=lambda events: [event.activity for event in events])
    width = len(str(len(cases)))
    return frame(row._replace(case=f"{number:0{width}}") for number, events in enumerate(cases) for row in events)
