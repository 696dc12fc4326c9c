"""Pages of cases, variants and statistics as the server makes them."""

import csv
import html
import io
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from models_mining.cases import measures, timelines
from models_mining.mining.miner import LogMiners
from models_mining.models import Case, CaseConformance, Prediction, ReferenceModel
from models_mining.pages.case_search import case_url
from streams.events.store import NewEvent, store_events
from streams.models import EventLog

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
EVIL = '<script>alert("x")</script>'
Read = Callable[..., str]


@pytest.fixture
def log(db: None) -> EventLog:
    return EventLog.objects.create(slug="orders", name="Orders", end_activities=["Ship"])


@pytest.fixture
def read(client: Client, log: EventLog) -> Read:
    """The text of a page below the log, as somebody who may do everything."""
    client.force_login(User.objects.create_superuser("boss"))

    def text(path: str, status: int = 200) -> str:
        answer = client.get(path if path.startswith("/") else f"/logs/orders/{path}")
        assert answer.status_code == status
        return answer.content.decode()

    return text


def store(log: EventLog, *texts: str, **fields: Any) -> None:
    """Mine events given as ``case|activity|minute``, in this order of arrival."""
    events = []
    for arrived, text in enumerate(texts):
        case, activity, minute = text.split("|")
        at = NOON + timedelta(minutes=int(minute))
        events.append(NewEvent(log.pk, case, activity, at, NOON + timedelta(seconds=arrived), **fields))
    store_events(events)
    LogMiners().drain()
    log.refresh_from_db()


def names(page: str) -> list[str]:
    """Cases of a list, in order."""
    return re.findall(r'<td class="id"><a [^>]*>([^<]*)</a>', page)


def test_the_list_finds_cases_by_words_a_person_says(read: Read, log: EventLog) -> None:
    assert "No cases yet" in read("cases/")
    store(log, "a/1|Take|0", "b|Take|1", "c|Take|2", "b|Pack|11", "b|Ship|41", "a/1|Pack|5", "a/1|Ship|20")
    store(log, "d|Take|50", "d|Pack|3000", attributes={"case:colour": "red"})
    page = read("cases/")
    assert names(page) == ["d", "b", "a/1", "c"]  # the newest event first
    assert 'href="/logs/orders/cases/a%2F1/"' in page
    assert 'aria-sort="descending"><a data-swap href="?sort=last">Last event' in page
    assert names(read("cases/?sort=case")) == ["a/1", "b", "c", "d"]
    assert names(read("cases/?sort=-duration")) == ["d", "b", "a/1", "c"]
    assert names(read("cases/?view=open")) == ["d", "c"]
    slow = read("cases/?view=slow")
    assert (names(slow), "Cases of 40 min or more" in slow) == (["d", "b"], True)
    assert names(read("cases/?view=slow&longer=1+h")) == ["d"]  # a quick view and a filter hold together
    assert names(read("cases/?view=open&state=closed")) == []
    quiet = read("cases/?view=quiet")  # of five waits the longest is 49 h: 95 % are no longer than that
    assert (names(quiet), "Open cases without an event for more than 2 d 1 h" in quiet) == (["c"], True)
    assert names(read("cases/?activity=Ship&longer=30+min")) == ["b"]
    assert names(read("cases/?passes=Pack&state=open")) == ["d"]
    assert names(read("cases/?started_after=2026-01-02T12:01&started_before=2026-01-02T12:10")) == ["c"]
    assert names(read("cases/?attribute=colour%3Dred&q=D")) == ["d"]
    ways = dict(Case.objects.values_list("case", "variant"))
    both = read(f"cases/?variant={ways['b']}&variant={ways['c']}")
    assert (names(both), "2 variants" in both) == (["b", "a/1", "c"], True)
    none = read("cases/?q=x&shorter=1+s")
    assert "No case is like that" in none
    assert re.findall(r'class="chip"[^>]*href="([^"]*)"[^>]*>([^<]+)', none) == [
        ("?shorter=1+s", "id has x"),
        ("?q=x", "took at most 1 s"),
        ("/logs/orders/cases/", "Clear all"),
    ]
    files = read("cases/?view=open&q=c")
    assert 'href="/api/v1/logs/orders/export/selection/?as=xes&amp;search=c&amp;state=open"' in files


def test_what_cannot_be_read_is_said_and_the_rest_holds(read: Read, log: EventLog) -> None:
    store(log, "a|Take|0", "b|Take|1")
    page = read("cases/?longer=soon&started_after=yesterday&attribute=red&q=a&variant=%00&page=9&sort=none&view=odd")
    assert re.findall(r'<p class="problem">([^<]*)', page) == [
        "Took at least: expected a duration, as 90 s or 2 h 5 min.",
        "Attribute: expected a name and a value, as colour=red, not &#x27;red&#x27;.",
        "Variant: Null characters are not allowed.",
        "Began after: Enter a valid date/time.",
    ]
    assert names(page) == ["a"]
    assert "nobody knows what is long here" in read("cases/?view=slow")
    assert "nobody knows what is long here" in read("cases/?view=quiet")


def test_a_case_may_be_called_anything(read: Read, log: EventLog) -> None:
    called = ["a/b", "../../etc", "..", ".", "a//", " ", "ä?#%2F&x=1", EVIL, "cases", "7\\"]
    store(log, *(f"{name}|Take|0" for name in called))
    listed = read("cases/")
    for name in called:
        url = case_url(log, name)
        assert html.escape(url) in listed
        page = read(url)
        assert f'<h1 class="case-name">{html.escape(name)}</h1>' in page
        assert "<script>alert" not in page


def test_a_case_is_told_as_a_story(read: Read, log: EventLog) -> None:
    store(log, "a|Take|0", "a|Ship|20", "a|Pack|5", "b|Take|7", attributes={"line": 4, "case:vip": True})
    reference = ReferenceModel.objects.create(
        log=log, name="As it should be", kind="bpmn", active=True, verdict="ready"
    )
    told = {"reference": reference, "case": "a", "seq": 3, "length": 3, "closed": True, "fits": False, "fitness": 0.75}
    odd = [{"at": 1, "activity": "Pack", "missing": 1}, {"at": 2, "activity": "Ship", "missing": 0}]
    CaseConformance.objects.create(**told, exact={"remaining": 1}, count=3, deviations=odd)
    page = read("cases/a/")
    events = re.findall(r'<li id="e(\d)" class="([^"]*)">(.*?)</li>', page, re.DOTALL)
    assert [(number, "odd" in look) for number, look, _ in events] == [("1", False), ("3", True), ("2", True)]
    assert "after 5 min" in events[1][2]
    assert re.findall(r"</i>(\w+)</span>", events[1][2]) == ["deviates", "late"]
    assert "does not have this activity" in events[2][2]
    assert "<dt>line</dt><dd>4</dd>" in events[0][2]
    assert "<dt>vip</dt><dd>True</dd>" in page
    assert "Pack (event 2): The reference model does not allow it here." in page
    assert "It ended where the reference model does not." in page
    assert re.search(r"<dt>Fitness</dt><dd[^>]*>75 %", page)
    assert f'value="references/{reference.pk}/alignment/"' in page
    assert 'href="/logs/orders/?case=a"' in page
    assert 'href="/api/v1/logs/orders/export/?as=csv&amp;case=a"' in page

    waiting = read("cases/b/")
    assert "No prediction yet" in waiting
    assert "not judged yet" in waiting
    ahead = [{"activity": "Pack", "probability": 0.8}, {"activity": None, "probability": 0.2}]
    moments = {"last_at": NOON, "as_of": NOON, "remaining_s": 90.0, "low_s": 60.0, "high_s": 600.0}
    Prediction.objects.create(log=log, case="b", activity="Take", seq=4, next=ahead, **moments)
    foreseen = read("cases/b/")
    assert re.findall(r"<li><span>([^<]*)</span><span>([^<]*)</span>", foreseen) == [
        ("Pack", "80 %"),
        ("Nothing: it ends here", "20 %"),
    ]
    assert "take 1 min to 10 min" in foreseen
    read("cases/nobody/", status=404)
    read("cases/a%00/", status=404)


def test_marks_tell_where_a_moment_comes_from(read: Read, log: EventLog) -> None:
    store(log, "a|Take|0", at_source="clamped")
    store(log, "a|Pack|1", at_source="arrival")
    page = read("cases/a/")
    assert re.findall(r'class="mark (warn|wait)"[^>]*><i[^>]*></i>([^<]*)', page) == [
        ("warn", "clamped"),
        ("wait", "time of arrival"),
    ]


def test_variants_tell_how_few_of_them_cover_most_cases(read: Read, log: EventLog) -> None:
    assert "No variants yet" in read("variants/")
    ways = ["Take Pack Ship"] * 6 + ["Take Ship"] * 3 + ["=Take " + "Scan " * 20 + "Ship"]
    events = [
        f"{case}|{activity}|{place + case}"
        for case, way in enumerate(ways)
        for place, activity in enumerate(way.split())
    ]
    store(log, *events)
    page = read("variants/")
    assert "2 variants cover 80 % of the cases." in page
    rows = re.findall(r'<tr id="row-(\w+)">(.*?)</tr>', page, re.DOTALL)
    shares = [re.findall(r"(\d+) %", row) for _, row in rows]
    assert shares == [["60", "60"], ["30", "90"], ["10", "100"]]
    assert "… 11 more …" in rows[2][1]
    hues = [re.findall(r"step hue-(\d)", row)[0] for _, row in rows[:2]]
    assert hues[0] == hues[1]  # an activity has its colour everywhere
    assert len(re.findall(r'<tr id="row-', read("variants/?q=pac"))) == 1
    assert "No variant is like that" in read("variants/?q=fly")
    assert re.findall(r'<tr id="row-(\w+)">', read("variants/?sort=-events"))[0] == rows[2][0]
    table = list(csv.DictReader(io.StringIO(read("variants/?as=csv&sort=cases"))))
    assert [row["cases"] for row in table] == ["1", "3", "6"]
    assert table[0]["activities"].startswith("'=Take > Scan")  # no formula
    assert (table[2]["median_s"], table[2]["cumulative_share"]) == ("120.0", "0.6")


def test_statistics_have_figures_charts_and_the_same_as_tables(read: Read, log: EventLog) -> None:
    assert "Nothing to count yet" in read("statistics/")
    store(log, "a|Take|0", "a|Pack|10", "a|Ship|20", "b|Take|5", "b|Pack|45")
    page = read("statistics/?clock=event&span=all&sort=-longest_s")
    figures = dict(re.findall(r"<dt>([^<]+)</dt><dd[^>]*>([^<]+)</dd>", page))
    counts = {"Cases": "2", "Open": "1", "Events": "5", "Variants": "2"}
    assert figures == counts | {"Median duration": "20 min", "Events/min": "0"}
    flow = page[page.index('id="flow-rows"') : page.index('id="open-rows"')]
    assert "12:45</time></td>" in flow
    assert [sum(int(n) for n in re.findall(r'class="num">(\d+)</td>', flow)[part::3]) for part in range(3)] == [5, 2, 1]
    assert page.count("<svg") == 4
    assert page.count("<summary>As a table</summary>") == 4
    ranked = re.findall(r'<tr><td><a class="activity[^>]*>([^<]*)</a>.*?<td class="num">([^<]*)</td></tr>', page)
    assert ranked == [("Pack", "40 min"), ("Ship", "10 min"), ("Take", "–")]
    arrived = read("statistics/?clock=arrival&span=all&dots=since")
    assert "the time since its case began" in arrived


def test_a_log_of_the_past_is_shown_by_the_time_its_events_happened(read: Read, log: EventLog) -> None:
    store(log, "a|Take|-200000", "a|Pack|-190000")
    page = read("statistics/")
    assert '<option value="event" selected>' in page
    assert '<option value="all" selected>' in page


def test_open_cases_are_counted_at_the_end_of_each_bucket(log: EventLog) -> None:
    store(log, "a|Take|0", "b|Take|5", "a|Ship|20", "b|Ship|45", "c|Take|50")
    seen = timelines.window(log, "event", timedelta(minutes=20))
    by_minute = dict(zip(seen.at, timelines.standing(log, seen), strict=True))
    told = {minute: by_minute[NOON + timedelta(minutes=minute)] for minute in (30, 44, 45, 49, 50)}
    assert told == {30: 1, 44: 1, 45: 0, 49: 0, 50: 1}
    through = timelines.throughput(log, seen)
    assert (sum(through.events), sum(through.started), sum(through.closed)) == (2, 1, 1)


@pytest.mark.parametrize("durations", [[0.0], [1.0, 2.0, 3.0] * 9, [1.0] * 50 + [86_400.0 * n for n in range(9)]])
def test_every_duration_is_in_one_bin(durations: list[float]) -> None:
    bins = timelines.histogram(durations)
    assert sum(one.cases for one in bins) == len(durations)
    assert len(bins) <= 30
    for one in bins:
        high = float("inf") if one.high_s is None else one.high_s
        assert one.cases == sum(one.low_s <= seconds < high for seconds in durations)
    assert all(left.high_s == right.low_s for left, right in pairwise(bins))
    assert timelines.histogram([]) == []


def test_the_dotted_chart_knows_when_its_cases_began(log: EventLog) -> None:
    store(log, "a|Take|0", "a|Pack|10", "b|Take|5")
    told = measures.dots(log, 2)
    assert dict(zip(told["cases"], told["started_at"], strict=True)) == {"a": NOON, "b": NOON + timedelta(minutes=5)}
