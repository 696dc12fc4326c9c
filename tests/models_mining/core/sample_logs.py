"""Real logs where there are some, and one made here."""

import csv
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from models_mining.core.live_log import LoggedEvent
from tests.models_mining.core.strategies import generated_log
from tests.tools.sample_logs import sample_files


def sample_logs() -> list[Any]:
    """Parameters for a test: a log made here, and every log in the folder ``PROCMINE_SAMPLE_LOGS`` names."""
    return [pytest.param(None, id="generated"), *(pytest.param(path, id=path.name) for path in sample_files())]


def read(path: Path | None) -> list[LoggedEvent]:
    """The events of a file in the order of time; without a file a log made here."""
    if path is None:
        return generated_log()
    if path.suffix == ".csv":
        with path.open(encoding="utf-8", newline="") as file:
            rows = [
                (datetime.fromisoformat(row["time:timestamp"]), row["case:concept:name"], row["concept:name"])
                for row in csv.DictReader(file)
            ]
    else:
        import pm4py
        from pm4py.util import constants

        constants.SHOW_PROGRESS_BAR = constants.SHOW_INTERNAL_WARNINGS = False
        table = pm4py.read_xes(str(path))
        if "time:timestamp" not in table:
            pytest.skip(f"{path.name} tells no times")
        rows = [
            (at.to_pydatetime(), case, activity)
            for at, case, activity in zip(
                table["time:timestamp"], table["case:concept:name"], table["concept:name"], strict=True
            )
        ]
    rows.sort(key=lambda row: row[0])
    return [
        LoggedEvent(seq, case, activity, round(at.timestamp() * 10**6), round(at.timestamp() * 10**6))
        for seq, (at, case, activity) in enumerate(rows, start=1)
    ]
