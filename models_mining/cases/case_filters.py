"""Which cases of a log are meant: one set of filters for lists, pictures and files."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import django_filters
from django.db.models import DurationField, Exists, ExpressionWrapper, F, OuterRef, QuerySet, Subquery

from models_mining.models import Case, CaseConformance
from streams.events.http import ATTRIBUTE, with_attributes
from streams.models import Event, EventLog

EVENT_ATTRIBUTE = "event_attribute."  # ?event_attribute.colour=red
PREFIXES = (ATTRIBUTE, EVENT_ATTRIBUTE)
MOST_S = 100 * 366 * 86_400  # of a duration, in seconds
TOOK = ExpressionWrapper(F("last_at") - F("started_at"), DurationField())
_WHOLE: dict[str, Any] = {"min_value": 0, "max_value": 2**31 - 1, "decimal_places": 0}
_SECONDS: dict[str, Any] = {"min_value": 0, "max_value": MOST_S}


class OneOf(django_filters.BaseInFilter, django_filters.CharFilter):
    """Values with commas between them."""


class CaseFilter(django_filters.FilterSet):
    """Filters of a log's cases; those of attributes are read by `selected`."""

    case = django_filters.CharFilter()
    search = django_filters.CharFilter("case", lookup_expr="icontains", help_text="A part of its name.")
    variant = OneOf(lookup_expr="in", help_text="Or more than one, with commas between them.")
    activity = django_filters.CharFilter(help_text="The last one: where it stands.")
    passes = django_filters.CharFilter(method="that_pass", help_text="An activity that it has, at any place.")
    state = django_filters.ChoiceFilter(method="in_state", choices=[("open", "open"), ("closed", "closed")])
    started_after = django_filters.IsoDateTimeFilter("started_at", lookup_expr="gt")
    started_before = django_filters.IsoDateTimeFilter("started_at", lookup_expr="lt")
    last_after = django_filters.IsoDateTimeFilter("last_at", lookup_expr="gt")
    last_before = django_filters.IsoDateTimeFilter("last_at", lookup_expr="lt")
    within_s = django_filters.NumberFilter(
        method="with_news", help_text="Its last event is less than so many seconds before the log's newest.", **_SECONDS
    )
    duration_min_s = django_filters.NumberFilter(method="at_least", help_text="From first to last event.", **_SECONDS)
    duration_max_s = django_filters.NumberFilter(method="at_most", help_text="From first to last event.", **_SECONDS)
    deviations_min = django_filters.NumberFilter("deviations", lookup_expr="gte", **_WHOLE)
    events_min = django_filters.NumberFilter("length", lookup_expr="gte", **_WHOLE)
    events_max = django_filters.NumberFilter("length", lookup_expr="lte", **_WHOLE)

    class Meta:
        model = Case
        fields: list[str] = []

    def in_state(self, cases: "QuerySet[Case]", name: str, value: str) -> "QuerySet[Case]":
        return cases.filter(closed_at__isnull=value == "open")

    def that_pass(self, cases: "QuerySet[Case]", name: str, value: str) -> "QuerySet[Case]":
        return cases.filter(Exists(_events().filter(activity=value)))

    def with_news(self, cases: "QuerySet[Case]", name: str, value: Any) -> "QuerySet[Case]":
        newest = Subquery(EventLog.objects.filter(pk=OuterRef("log")).values("last_at")[:1])
        return cases.filter(last_at__gt=newest - timedelta(seconds=float(value)))

    def at_least(self, cases: "QuerySet[Case]", name: str, value: Any) -> "QuerySet[Case]":
        return cases.alias(took=TOOK).filter(took__gte=timedelta(seconds=float(value)))

    def at_most(self, cases: "QuerySet[Case]", name: str, value: Any) -> "QuerySet[Case]":
        return cases.alias(took=TOOK).filter(took__lte=timedelta(seconds=float(value)))


def _events() -> "QuerySet[Event]":
    """The events of a case of an outer query, as its row knows them.

    Found by the case: were ``seq`` bare, SQLite would rather walk through all numbers below.
    """
    events = Event.objects.filter(log=OuterRef("log"), case=OuterRef("case"))
    return events.alias(number=F("seq") + 0).filter(number__lte=OuterRef("seq"))


def cases_of(log: EventLog) -> "QuerySet[Any]":
    """Its cases, with their deviations from the active reference model."""
    judged = CaseConformance.objects.filter(reference__log=log, reference__active=True, case=OuterRef("case"))
    return Case.objects.filter(log=log).annotate(deviations=Subquery(judged.values("count")[:1]))


def of_attributes(cases: "QuerySet[Any]", query: Mapping[str, str]) -> "QuerySet[Any]":
    """Those whose own attributes, and attributes of one of whose events, have the values that ``query`` asks for."""
    wanted = {name.removeprefix("event_"): value for name, value in query.items() if name.startswith(EVENT_ATTRIBUTE)}
    for name, value in wanted.items():
        cases = cases.filter(Exists(with_attributes(_events(), {name: value})))
    return with_attributes(cases, query)
