"""Every route by every method, as everybody: the outcome follows from one table; no answer tells what it may not."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import transaction
from django.urls import URLPattern, URLResolver, get_resolver

from tests.access.conftest import PEOPLE, SECRET, TOKENS, Knocker, World, knocker

# What each method needs, as `Knocker.may` reads it; "signed": to be signed in, "open": nothing, "out": it signs out.
API = {
    "": "get signed",
    "algorithms/": "get signed",
    "asyncapi.yaml": "get signed",
    "answers/": "get signed",
    "answers/<int:pk>/": "get log.view",
    "brokers/": "get streams.view_broker, post streams.add_broker",
    "brokers/<int:pk>/": "get streams.view_broker, put patch streams.change_broker, delete streams.delete_broker",
    "brokers/<int:pk>/check/": "post streams.change_broker",
    "brokers/<int:pk>/test/": "post streams.change_broker",
    "docs/": "get signed",
    "history/": "get auditlog.view_logentry",
    "jobs/": "get signed",
    "jobs/<int:pk>/": "get log.view",
    "jobs/<int:pk>/cancel/": "post log.view",
    "jobs/<int:pk>/files/<str:name>/": "get log.view",
    "logs/": "get signed, post streams.add_eventlog",
    "logs/<slug:slug>/": "get log.view, put patch log.change, delete log.delete",
    "logs/<slug:slug>/activities/": "get log.view",
    "logs/<slug:slug>/analysis/": "get log.view, patch log.change",
    "logs/<slug:slug>/archive/": "post log.change",
    "logs/<slug:slug>/cases/": "get log.view",
    "logs/<slug:slug>/cases/<path:name>/": "get log.view",
    "logs/<slug:slug>/conformance/": "get log.view",
    "logs/<slug:slug>/conformance/cases/": "get log.view",
    "logs/<slug:slug>/conformance/cases/<path:name>/": "get log.view",
    "logs/<slug:slug>/drift/": "get log.view",
    "logs/<slug:slug>/drift/<int:pk>/": "get log.view",
    "logs/<slug:slug>/events/": "get log.view, post log.ingest",
    "logs/<slug:slug>/export/": "get log.view",
    "logs/<slug:slug>/export/selection/": "get log.view",
    "logs/<slug:slug>/grants/": "get log.view+streams.view_loggrant, post log.view+streams.add_loggrant",
    "logs/<slug:slug>/grants/<int:pk>/": "get log.view+streams.view_loggrant, "
    "put patch log.view+streams.change_loggrant, delete log.view+streams.delete_loggrant",
    "logs/<slug:slug>/import/": "get log.view, post log.ingest",
    "logs/<slug:slug>/minutes/": "get log.view",
    "logs/<slug:slug>/predictions/": "get log.view",
    "logs/<slug:slug>/predictions/<str:name>/": "get log.view",
    "logs/<slug:slug>/rejections/": "get log.view",
    "logs/<slug:slug>/statistics/": "get log.view",
    "logs/<slug:slug>/unarchive/": "post log.change",
    "logs/<slug:slug>/variants/": "get log.view",
    "me/": "get signed",
    "models/": "get signed, post some.change",
    "models/<int:pk>/": "get log.view, put patch delete log.change",
    "models/<int:pk>/alignment/": "get log.view",
    "models/<int:pk>/picture/": "get log.view",
    "models/<int:pk>/picture/compare/": "get log.view",
    "models/<int:pk>/picture/replay/": "get log.view",
    "models/<int:pk>/picture/selection/": "get log.view",
    "models/<int:pk>/export/": "get log.view",
    "models/<int:pk>/places/": "get put delete log.view",
    "models/<int:pk>/snapshots/": "get log.view, post some.change+log.change",
    "models/<int:pk>/snapshots/<int:number>/": "get log.view, delete log.change",
    "models/<int:pk>/snapshots/compare/": "get log.view",
    "notifications/": "get rules.view_notification",
    "notifications/<int:pk>/": "get log.view+rules.view_notification",
    "notifiers/": "get rules.view_notifier, post rules.add_notifier",
    "notifiers/<int:pk>/": "get rules.view_notifier, put patch rules.change_notifier, delete rules.delete_notifier",
    "notifiers/<int:pk>/test/": "post rules.change_notifier",
    "rule-matches/": "get signed",
    "rule-matches/<int:pk>/": "get log.view",
    "rule-matches/<int:pk>/acknowledge/": "post log.change",
    "rules/": "get signed, post some.change",
    "rules/<int:pk>/": "get log.view, put patch delete log.change",
    "rules/<int:pk>/try/": "post log.change",
    "rules/<int:pk>/versions/": "get log.view",
    "prompts/": "get signed, post some.change",
    "prompts/<int:pk>/": "get log.view",
    "prompts/<int:pk>/cancel/": "post log.change",
    "references/": "get signed, post some.change",
    "references/<int:pk>/": "get log.view, patch delete log.change",
    "references/<int:pk>/alignment/": "get log.view",
    "report-mappings/": "get signed, post some.change",
    "report-mappings/<int:pk>/": "get log.view, put patch delete log.change",
    "reports/": "post signed",
    "republish/": "get streams.view_republish, post streams.add_republish",
    "republish/<int:pk>/": "get log.view+streams.view_republish, put patch log.view+streams.change_republish, "
    "delete log.view+streams.delete_republish",
    "schema/": "get signed",
    "sheet-schedules/": "get signed, post some.change",
    "sheet-schedules/<int:pk>/": "get log.view, put patch delete log.change",
    "sheets/": "get signed, post some.change",
    "sheets/<slug:slug>/": "get log.view, put patch delete log.change",
    "simulations/": "get simulations.view_simulation|simulations.add_simulation, post simulations.add_simulation",
    "simulations/<int:pk>/": "get log.view+simulations.view_simulation",
    "simulations/<int:pk>/stop/": "post log.view+simulations.view_simulation+simulations.change_simulation",
    "streams/": "get streams.view_stream, post streams.add_stream",
    "streams/<slug:slug>/": "get streams.view_stream, put patch streams.change_stream, delete streams.delete_stream",
    "streams/<slug:slug>/health/": "get streams.view_stream",
    "streams/<slug:slug>/rejections/": "get streams.view_rejection",
    "streams/<slug:slug>/rejections/<int:pk>/": "get log.view+streams.view_rejection, "
    "delete log.view+streams.change_stream",
    "streams/<slug:slug>/rejections/<int:pk>/retry/": "post log.view+streams.change_stream",
    "streams/<slug:slug>/rejections/retry/": "post streams.change_stream",
    "streams/<slug:slug>/start/": "post streams.change_stream",
    "streams/<slug:slug>/stop/": "post streams.change_stream",
    "tokens/": "get signed, post session",
    "tokens/<slug:id>/": "get delete owner",
}
PAGES = {
    "": "get signed",
    "brokers/<int:pk>/": "get post streams.view_broker+streams.change_broker",
    "connect/": "get streams.add_stream+streams.view_broker, "
    "post streams.add_stream+streams.view_broker+streams.add_broker",
    "connect/<int:pk>/": "get post streams.add_stream+streams.view_broker",
    "demo/<str:token>/": "get open",
    "favicon.ico": "get open",
    "healthz": "get open",
    "login/": "get post open",
    "logs/<slug:slug>/": "get log.view",
    "logs/<slug:slug>/analysis/": "post log.change",
    "logs/<slug:slug>/cases/": "get log.view",
    "logs/<slug:slug>/cases/<path:name>/": "get log.view",
    "logs/<slug:slug>/conformance/": "get log.view",
    "logs/<slug:slug>/conformance/cases.csv": "get log.view",
    "logs/<slug:slug>/conformance/references/": "post log.change",
    "logs/<slug:slug>/conformance/references/<int:pk>/": "post log.change",
    "logs/<slug:slug>/drift/": "get log.view",
    "logs/<slug:slug>/predictions.csv": "get log.view",
    "logs/<slug:slug>/predictions/": "get log.view",
    "logs/<slug:slug>/rejections/": "get log.view",
    "logs/<slug:slug>/statistics/": "get log.view",
    "logs/<slug:slug>/variants/": "get log.view",
    "readyz": "get open",
    "rules/": "get signed",
    "rules/<int:pk>/": "get post log.change",
    "rules/<int:pk>/acknowledge/": "post log.change",
    "rules/<int:pk>/remove/": "get post log.change",
    "rules/<int:pk>/switch/": "post log.change",
    "rules/<int:pk>/try/": "post log.change",
    "rules/matches.csv": "get signed",
    "rules/matches/": "get signed",
    "rules/matches/<int:pk>/acknowledge/": "post log.change",
    "rules/new/": "get post some.change",
    "rules/notifiers/": "get rules.view_notifier",
    "rules/notifiers/<int:pk>/": "get post rules.view_notifier+rules.change_notifier",
    "rules/notifiers/<int:pk>/remove/": "get post rules.view_notifier+rules.delete_notifier",
    "rules/notifiers/<int:pk>/test/": "post rules.view_notifier+rules.change_notifier",
    "rules/notifiers/new/": "get post rules.view_notifier+rules.add_notifier",
    "sheets/": "get signed",
    "sheets/<slug:slug>/": "get log.view",
    "sheets/<slug:slug>/answers.csv": "get log.view",
    "sheets/<slug:slug>/edit/": "get post log.change",
    "sheets/<slug:slug>/invitations/<int:pk>/cancel/": "post log.change",
    "sheets/<slug:slug>/invite/": "get post log.change",
    "sheets/<slug:slug>/remove/": "get post log.change",
    "sheets/<slug:slug>/schedules/<int:pk>/": "get post log.change",
    "sheets/<slug:slug>/schedules/<int:pk>/remove/": "post log.change",
    "sheets/<slug:slug>/schedules/new/": "get post log.change",
    "sheets/new/": "get post some.change",
    "sheets/p/<str:token>/": "get post open",
    "simulate/": "get simulations.view_simulation|simulations.add_simulation, post simulations.add_simulation",
    "simulate/<int:pk>/": "get log.view+simulations.view_simulation",
    "simulate/<int:pk>/state/": "get log.view+simulations.view_simulation",
    "simulate/<int:pk>/stop/": "post log.view+simulations.view_simulation+simulations.change_simulation",
    "source/": "get open",
    "streams/": "get streams.view_stream",
    "streams/<slug:slug>/": "get streams.view_stream",
    "streams/<slug:slug>/archive/": "get post streams.delete_stream",
    "streams/<slug:slug>/edit/": "get post streams.view_stream+streams.change_stream",
    "streams/<slug:slug>/listen/": "post log.view+streams.view_stream+streams.change_stream",
    "streams/<slug:slug>/rejections/": "get streams.view_stream+streams.view_rejection, "
    "post streams.view_stream+streams.view_rejection+streams.change_stream",
    "streams/<slug:slug>/switch/": "post streams.change_stream",
    "logout/": "post out",  # last
}
ALIAS = {"report.json": "post signed"}
METRICS = {"metrics": "get streams.view_broker+streams.view_stream+streams.view_eventlog"}
METHODS = ("get", "post", "put", "patch", "delete")
SLOW = ("source/", "api/v1/schema/")  # and the same for everybody
INGEST = ("reports/", "report.json", "logs/<slug:slug>/events/", "logs/<slug:slug>/import/")


def routes(patterns: Any = None, before: str = "") -> Iterator[tuple[str, Any]]:
    """Every route there is and what answers, but those of the admin, which has a test of its own."""
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        route = before + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            if route != "admin/":
                yield from routes(pattern.url_patterns, route)
        elif isinstance(pattern, URLPattern):
            yield route, pattern.callback


def table(of: dict[str, str], before: str = "") -> dict[tuple[str, str], str]:
    """Route and method to what it needs."""
    found = {}
    for route, text in of.items():
        for part in text.split(", "):
            *methods, need = part.split()
            found |= {(before + route, method): need for method in methods}
    return found


NEEDS = table(API, "api/v1/") | table(METRICS) | table(ALIAS) | table(PAGES)


def path(route: str, world: World) -> str:
    """The route with the keys of the rows of the world."""

    def key(found: "re.Match[str]") -> str:
        return f"{found[1]}/{world.keys[found[1]]}"

    found = "/" + re.sub(r"([a-z-]+)/<\w+:\w+>", key, route)
    kept = world.keys["snapshots"]
    return f"{found}?a={kept}&b={kept}" if route.endswith("snapshots/compare/") else found


def methods_of(callback: Any) -> set[str]:
    """Those of a view of the API."""
    view = getattr(callback, "cls", None)
    if view is None:
        return set()
    actions = getattr(callback, "actions", None) or {method for method in METHODS if hasattr(view, method)}
    return set(actions) & set(METHODS) & set(view.http_method_names)


def test_every_route_and_method_is_in_the_table() -> None:
    """A new one is not there by itself: say above what it needs."""
    there = dict(routes())
    assert set(there) == {route for route, _ in NEEDS}
    api = {(route, method) for route, callback in there.items() for method in methods_of(callback)}
    assert {(route, method) for route, method in NEEDS if route.startswith("api/")} <= api
    assert api <= set(NEEDS)


def expected(who: Knocker, route: str, method: str) -> set[str]:
    """``let in``, ``sent to sign in``, ``forbidden`` or ``not there``."""
    need = NEEDS[route, method]
    if need == "open":
        return {"let in"}
    page = route in PAGES
    if who.user is None or (page and who.token) or need == "out":
        return {"sent to sign in"}
    scope = "read" if method == "get" else "ingest" if route.removeprefix("api/v1/") in INGEST else "control"
    if not page and scope not in who.scopes:
        return {"forbidden"}
    lacking = [one for one in need.split("+") if one != "signed" and not who.may(one)]
    if not lacking:
        return {"let in"}
    hidden = any(one.startswith(("log.", "owner")) for one in lacking) and not who.may("log.view")
    hidden = hidden or need == "owner"
    others = [one for one in lacking if not one.startswith(("log.", "owner"))]
    return {"not there"} if hidden and not others else {"forbidden", "not there"} if hidden else {"forbidden"}


def outcome(answer: Any) -> str:
    status = answer.status_code
    assert status < 500 or answer.wsgi_request.path == "/readyz", answer.content
    if status == 401 or (status == 302 and answer["Location"].startswith("/login/")):
        return "sent to sign in"
    return {403: "forbidden", 404: "not there"}.get(status, "let in")


def knock(who: Knocker, world: World, route: str, method: str) -> tuple[str, str]:
    """The outcome and the text of a request, of which nothing stays."""
    with transaction.atomic():
        answer = getattr(who.client, method)(path(route, world))
        text = b"".join(answer) if answer.streaming else answer.content
        transaction.set_rollback(True)
    return outcome(answer), text.decode(errors="replace")


@pytest.mark.parametrize("name", ["anonymous", *PEOPLE, *TOKENS])
def test_everybody_gets_as_far_as_the_table_says(world: World, name: str) -> None:
    who = knocker(name, world)
    wrong, told, leaked = [], [], []
    blind = who.user is None or not who.may("log.view")
    feeds = who.user is not None and who.may("log.ingest") and "read" in who.scopes
    for route, method in NEEDS:
        if route in SLOW and name not in ("anonymous", "nobody"):
            continue
        found, text = knock(who, world, route, method)
        if found not in (wanted := expected(who, route, method)):
            wrong.append(f"{method} {route}: {found}, not {' or '.join(sorted(wanted))}: {text[:200]}")
        unread = blind or (method == "get" and "read" not in who.scopes)
        if unread and SECRET in text and route != "source/":
            told.append(f"{method} {route}")
        if not feeds and world.keys["p"] in text and "sheets/p/" not in route:
            leaked.append(f"{method} {route}")
    assert not wrong, "\n".join(wrong)
    assert not told
    assert not leaked, "the link of an invitation is for those who may send events to the log"


def test_no_other_method_lets_anybody_in_either(world: World) -> None:
    who = knocker("anonymous", world)
    for route in sorted({route for route, _ in NEEDS if route.startswith("api/")}):
        for method in METHODS:
            answer = getattr(who.client, method)(path(route, world))
            assert (answer.status_code, answer["WWW-Authenticate"]) == (401, "Token"), (method, route)
            assert answer["Content-Type"] == "application/problem+json"
