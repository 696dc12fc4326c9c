"""What the case list is asked for: quick views, filters and an order, in words as a person gives them."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import chain
from typing import Any
from urllib.parse import quote, urlencode

from django.db.models import F, QuerySet
from django.http import QueryDict
from django.urls import reverse

from foundation.moments import duration, read_duration
from models_mining.cases import measures
from models_mining.cases.case_filters import TOOK, CaseFilter, cases_of, of_attributes
from models_mining.models import Case
from streams.events.http import ATTRIBUTE
from streams.models import EventLog

VIEWS = ("all", "open", "slow", "deviating", "quiet")
SORTS: dict[str, Any] = {
    "case": F("case"),
    "activity": F("activity"),
    "events": F("length"),
    "started": F("started_at"),
    "duration": TOOK,
    "last": F("last_at"),
    "deviations": F("deviations"),
}
# Parameter of the page: parameter of the filters, how its chip begins.
FILTERS = {
    "q": ("search", "id has"),
    "activity": ("activity", "stands at"),
    "passes": ("passes", "passes"),
    "state": ("state", "is"),
    "started_after": ("started_after", "began after"),
    "started_before": ("started_before", "began before"),
    "longer": ("duration_min_s", "took at least"),
    "shorter": ("duration_max_s", "took at most"),
}
VARIANTS = 100  # that are asked for at once
MOST_CHARS = 255  # of what is asked for


def case_url(log: EventLog, case: str) -> str:
    """Where a case is shown. Slashes are escaped, and what a browser would take for another folder is asked for."""
    pages = reverse("cases", args=[log.slug])
    if case in (".", ".."):
        return f"{pages}?{urlencode({'case': case})}"
    return f"{pages}{quote(case, safe='')}/"


@dataclass(frozen=True)
class Chip:
    """A filter in words, and the query without it."""

    words: str
    without: str


class Search:
    """The cases that a query string asks for; what cannot be read is told in ``faults`` and left out."""

    def __init__(self, log: EventLog, query: QueryDict) -> None:
        self.log, self.query = log, query
        self.faults: list[str] = []
        self.view = view if (view := query.get("view", "all")) in VIEWS else "all"
        self.about = ""  # what a quick view means, with its bound
        self._none = False  # a quick view that can hold nothing yet
        read, viewed = dict(self._read()), dict(self._viewed())
        for name in read.keys() & viewed.keys():  # both hold
            if name == "duration_min_s":
                viewed[name] = max(read[name], viewed[name], key=float)
            elif read[name] != viewed[name]:
                self._none = True
        self.asked = read | viewed
        self.chips = list(self._chips())

    def cases(self, key: str = "last", *, down: bool = True) -> "QuerySet[Any]":
        """The cases, ordered by one of `SORTS`."""
        order = SORTS[key]
        ordered = order.desc(nulls_last=True) if down else order.asc(nulls_last=True)
        cases: QuerySet[Any] = self._filtered().order_by(ordered, "-pk")
        return cases

    def _filtered(self) -> "QuerySet[Any]":
        if self._none:
            return Case.objects.none()
        filters = CaseFilter(self.asked, of_attributes(cases_of(self.log), self.asked))
        for name, errors in filters.errors.items():
            words = next((words for parameter, words in FILTERS.values() if parameter == name), name)
            self.faults.append(f"{words.capitalize()}: {errors[0]}")
            del self.asked[name]  # the others hold
        found: QuerySet[Any] = filters.filter_queryset(of_attributes(cases_of(self.log), self.asked))
        return found

    @property
    def export(self) -> str:
        """The same as a query of the API."""
        return urlencode(self.asked)

    def _read(self) -> Iterator[tuple[str, str]]:
        """What is asked for as the API names it."""
        for name, (parameter, words) in FILTERS.items():
            value = self.query.get(name, "")[:MOST_CHARS]
            if value and parameter.startswith("duration"):
                seconds = read_duration(value)
                if seconds is None:
                    self.faults.append(f"{words.capitalize()}: expected a duration, as 90 s or 2 h 5 min.")
                    continue
                value = f"{seconds:f}"
            if value:
                yield parameter, value
        if variants := self.query.getlist("variant"):
            yield "variant", ",".join(variants[:VARIANTS])
        for text in filter(None, self.query.getlist("attribute")):
            name, equals, value = text[:MOST_CHARS].partition("=")
            if equals and name.strip() and "\0" not in text:
                yield ATTRIBUTE + name.strip(), value.strip()
            else:
                self.faults.append(f"Attribute: expected a name and a value, as colour=red, not {text[:50]!r}.")

    def _viewed(self) -> Iterator[tuple[str, str]]:
        """What a quick view asks for, as the API names it."""
        if self.view in ("open", "quiet"):
            yield "state", "open"
        if self.view == "deviating":
            self.about = "Cases that do not fit the active reference model."
            yield "deviations_min", "1"
        elif self.view == "slow":
            bound = self._bound(measures.closed_times(self.log)["p95_s"], "No case is closed yet")
            if bound is not None:
                self.about = f"Cases of {duration(bound)} or more: of 20 closed ones, 19 take no longer."
                yield "duration_min_s", f"{bound:f}"
        elif self.view == "quiet":
            waits = measures.times(chain.from_iterable(measures.since_previous(self.log).values()))
            bound = self._bound(waits["p95_s"], "No case has two events yet")
            if bound is not None:
                self.about = (
                    f"Open cases without an event for more than {duration(bound)}: of 20 waits, 19 are no longer."
                )
                if self.log.last_at is not None:
                    yield "last_before", (self.log.last_at - timedelta(seconds=bound)).isoformat()

    def _bound(self, seconds: float | None, why: str) -> float | None:
        if seconds is None:
            self._none, self.about = True, f"{why}: nobody knows what is long here."
        return seconds

    def _chips(self) -> Iterator[Chip]:
        for name, (_, words) in FILTERS.items():
            if value := self.query.get(name):
                told = value.replace("T", " ") if name.startswith("started") else value
                yield Chip(f"{words} {told}", self._without(name, value))
        for value in self.query.getlist("attribute"):
            if value:
                yield Chip(value, self._without("attribute", value))
        variants = self.query.getlist("variant")
        if variants:
            words = "1 variant" if len(variants) == 1 else f"{len(variants)} variants"
            yield Chip(words, self._without("variant", None))

    def _without(self, name: str, value: str | None) -> str:
        left = self.query.copy()
        left.pop("page", None)
        left.setlist(name, [other for other in left.getlist(name) if value is not None and other != value])
        return f"?{left.urlencode()}"
