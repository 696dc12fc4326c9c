"""Cases, variants, activities and statistics: what the mining knows of a log, over HTTP."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from rest_framework.test import APIClient

from models_mining.cases import measures
from models_mining.mining.miner import LogMiners
from models_mining.models import Case, CaseConformance, MinedModel, ReferenceModel
from streams.events.store import NewEvent, store_events
from streams.models import Event, EventLog

LOG = "/api/v1/logs/factory"
NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)


@pytest.fixture
def mined(log: EventLog) -> EventLog:
    """Two cases went Take, Pack, Ship (in 20 and 40 minutes), a third stands at Pack; one event came late."""
    EventLog.objects.filter(pk=log.pk).update(end_activities=["Ship"])
    MinedModel.objects.get_or_create(log=log, algorithm="dfg", cases="all", parameters={})
    told = ["a/1 Take 0", "b Take 1", "a/1 Ship 20", "a/1 Pack 5", "c Take 7", "b Pack 11", "b Ship 41", "c Pack 47"]
    events = []
    for arrived, text in enumerate(told):
        case, activity, minute = text.split()
        at, received_at = NOON + timedelta(minutes=int(minute)), NOON + timedelta(seconds=arrived * 30)
        events.append(
            NewEvent(
                log.pk, case, activity, at, received_at, attributes={"trace": {"vip": True}} if case == "b" else {}
            )
        )
    store_events(events)
    LogMiners().drain()
    log.refresh_from_db()
    return log


@pytest.fixture
def ask(api: APIClient, mined: EventLog) -> Callable[[str], Any]:
    """The answer to a GET below the log."""

    def asked(path: str) -> Any:
        answer = api.get(f"{LOG}/{path}")
        assert answer.status_code == 200, answer.json()
        return answer.json()

    return asked


def names(page: Any) -> list[str]:
    return [row["case"] for row in page["results"]]


def test_cases_tell_where_they_stand_the_newest_first(ask: Callable[[str], Any]) -> None:
    page = ask("cases/")
    assert names(page) == ["c", "b", "a/1"]
    standing = page["results"][0]
    assert standing == {
        "case": "c",
        "variant": standing["variant"],
        "events": 2,
        "started_at": "2026-01-02T12:07:00Z",
        "last_at": "2026-01-02T12:47:00Z",
        "duration_s": 2400.0,
        "state": "open",
        "closed_at": None,
        "position": {"node": standing["position"]["node"], "activity": "Pack"},
        "deviations": None,
        "attributes": {},
    }
    assert page["results"][1]["variant"] == page["results"][2]["variant"] != standing["variant"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("state=open", ["c"]),
        ("state=closed", ["b", "a/1"]),
        ("activity=Ship", ["b", "a/1"]),
        ("case=b", ["b"]),
        ("search=A/", ["a/1"]),
        ("events_min=3", ["b", "a/1"]),
        ("events_max=2", ["c"]),
        ("started_after=2026-01-02T12:00:30Z&last_before=2026-01-02T12:45:00Z", ["b"]),
        ("ordering=duration_s", ["a/1", "b", "c"]),
        ("ordering=-events,case", ["a/1", "b", "c"]),
        ("page_size=1&page=2", ["b"]),
    ],
)
def test_cases_are_filtered_ordered_and_paged(ask: Callable[[str], Any], query: str, found: list[str]) -> None:
    assert names(ask(f"cases/?{query}")) == found


@pytest.mark.parametrize("query", ["stat=open", "state=asleep", "ordering=attributes", "events_min=-1", "page_size=0"])
def test_an_unknown_filter_of_cases_is_refused(api: APIClient, mined: EventLog, query: str) -> None:
    answer = api.get(f"{LOG}/cases/?{query}")
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["parameter"] == query.split("=")[0]


def test_one_case_comes_with_its_events_in_their_order(ask: Callable[[str], Any], api: APIClient) -> None:
    case = ask("cases/a%2F1/")
    assert [event["activity"] for event in case["trace"]] == ["Take", "Pack", "Ship"]
    assert case["trace_omitted"] == 0
    missing = api.get(f"{LOG}/cases/d/")
    assert missing.status_code == 404
    assert missing.json()["detail"] == "The log factory has no case 'd', or it is not mined yet."


def test_cases_tell_how_they_deviate_from_the_active_reference(ask: Callable[[str], Any], mined: EventLog) -> None:
    for active, counts in ((True, {"b": 2, "c": 1}), (False, {"a/1": 3})):
        reference = ReferenceModel.objects.create(log=mined, name=str(active), kind="pnml", active=active)
        for case, count in counts.items():
            CaseConformance.objects.create(
                reference=reference, case=case, seq=1, length=1, closed=False, fits=False, count=count
            )
    cases = ask("cases/?ordering=deviations&deviations_min=1")["results"]
    assert [(case["case"], case["deviations"]) for case in cases] == [("c", 1), ("b", 2)]
    assert ask("cases/b/")["deviations"] == 2


def test_variants_are_counted_timed_and_spelt_out(ask: Callable[[str], Any]) -> None:
    page = ask("variants/")
    assert (page["cases"], page["beyond"]) == (3, 0)
    first, second = page["results"]
    assert first == {
        "variant": first["variant"],
        "activities": ["Take", "Pack", "Ship"],
        "events": 3,
        "cases": 2,
        "open_cases": 0,
        "first_at": "2026-01-02T12:00:00Z",
        "last_at": "2026-01-02T12:41:00Z",
        "mean_s": 1800.0,
        "median_s": 1200.0,
        "p95_s": 2400.0,
    }
    assert (second["activities"], second["open_cases"]) == (["Take", "Pack"], 1)
    assert names(ask(f"cases/?variant={first['variant']}")) == ["b", "a/1"]
    assert [row["cases"] for row in ask("variants/?ordering=cases&page_size=1")["results"]] == [1]


def test_cases_beyond_the_tree_have_no_variant_and_are_told(ask: Callable[[str], Any]) -> None:
    Case.objects.filter(case="c").update(variant="")
    page = ask("variants/")
    assert (page["cases"], page["beyond"], len(page["results"])) == (3, 1, 1)


def test_activities_are_counted_and_timed_since_the_event_before(ask: Callable[[str], Any], api: APIClient) -> None:
    page = ask("activities/")
    assert page["seq"] == 8
    by_name = {row["activity"]: row for row in page["results"]}
    assert [row["events"] for row in page["results"]] == [3, 3, 2]
    pack = by_name["Pack"]
    assert (pack["starts"], pack["ends"], pack["open"]) == (0, 1, 1)
    assert (pack["median_s"], pack["p95_s"]) == (600.0, 2400.0)  # after 5, 10 and 40 minutes
    assert by_name["Take"]["median_s"] is None
    MinedModel.objects.all().delete()
    answer = api.get(f"{LOG}/activities/")
    assert answer.status_code == 409
    assert "create one" in answer.json()["detail"]


def test_statistics_tell_throughput_and_dots(ask: Callable[[str], Any]) -> None:
    told = ask("statistics/")
    assert [told[name] for name in ("seq", "events", "cases", "open_cases")] == [8, 8, 3, 1]
    assert [row["events"] for row in told["minutes"]] == [2, 2, 2, 2]
    assert sum(row["started"] for row in told["minutes"]) == 3
    assert told["closed_case"] == {"mean_s": 1800.0, "median_s": 1200.0, "p95_s": 2400.0}
    dotted = told["dotted"]
    seen = [(dotted["cases"][c], dotted["activities"][a], at) for c, a, at in dotted["points"]]
    assert seen[3] == ("a/1", "Pack", "2026-01-02T12:05:00Z")
    assert len(seen) == 8
    assert len(ask("statistics/?points=3")["dotted"]["points"]) == 3


def test_dots_are_spread_over_the_whole_log_and_bounded(log: EventLog) -> None:
    store_events([NewEvent(log.pk, f"c{n}", "A", NOON, NOON) for n in range(1000)])
    log.refresh_from_db()
    cases = measures.dots(log, 100)["cases"]
    assert (len(cases), cases[0], cases[-1]) == (100, "c0", "c999")


def test_a_log_without_events_has_empty_figures(api: APIClient, log: EventLog) -> None:
    assert api.get(f"{LOG}/cases/").json()["results"] == []
    assert api.get(f"{LOG}/variants/").json()["results"] == []
    told = api.get(f"{LOG}/statistics/").json()
    assert (told["seq"], told["minutes"], told["dotted"]["points"]) == (0, [], [])
    assert not Event.objects.exists()
