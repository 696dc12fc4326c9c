"""Requests as examples, in the OpenAPI document; tests/api/test_examples.py sends each and checks its answer.

They speak of one installation: a log ``factory``, recorded by the stream ``line-1`` of the broker ``plant``.
"""

from typing import Any

BODIES: dict[tuple[str, str], Any] = {  # of JSON
    ("post", "brokers/"): {"name": "workshop", "host": "127.0.0.1", "port": 1883},
    ("patch", "brokers/{id}/"): {"host": "127.0.0.1", "port": 8883, "tls": True, "username": "procmine"},
    ("post", "logs/"): {"slug": "orders", "name": "Orders", "end_activities": ["Ship", "Cancel"]},
    ("put", "logs/{slug}/"): {"slug": "factory", "name": "Factory", "end_activities": ["Ship"], "idle_close_s": None},
    ("patch", "logs/{slug}/"): {"idle_close_s": 86400},
    ("post", "logs/{slug}/events/"): [
        {
            "id": "ev-1",
            "case": "order-9",
            "activity": "Pack",
            "at": "2026-01-02T10:00:00Z",
            "attributes": {"node": "line-2", "temp": 21.5},
        },
        {"case": "order-9", "activity": ""},
    ],
    ("patch", "logs/{slug}/analysis/"): {"enabled": True},
    ("post", "logs/{slug}/grants/"): {"user": "stranger", "actions": ["view"]},
    ("post", "streams/"): {
        "slug": "line-2",
        "name": "Line 2",
        "broker": 1,
        "topic": "plant/line-2/+",
        "format": "json",
        "mapping": {"case": "/order", "activity": "/step", "at": "/time"},
        "log": "factory",
        "enabled": False,
    },
    ("patch", "streams/{slug}/"): {"name": "Line 1, hall A"},
    ("post", "streams/{slug}/rejections/retry/"): {"reason": "not_object"},
    ("post", "republish/"): {"log": "factory", "broker": 1, "topic": "archive/factory", "enabled": False},
    ("post", "models/"): {"log": "factory", "algorithm": "heuristics", "parameters": {}, "cases": "all"},
    ("patch", "models/{id}/"): {"cases": "all"},
    ("post", "models/{id}/snapshots/"): {"name": "Before the new oven"},
    ("post", "rules/"): {
        "name": "Quality control overdue",
        "log": "factory",
        "kind": "timeout",
        "after": "event.activity == 'Assemble'",
        "until": "event.activity == 'Quality control'",
        "within_s": 900,
        "cooldown_s": 60,
    },
    ("put", "rules/{id}/"): {
        "name": "Packed too warm",
        "log": "factory",
        "kind": "event",
        "when": "event.activity == 'Pack' && event.attributes.temp > 25",
        "severity": "critical",
    },
    ("patch", "rules/{id}/"): {"cooldown_s": 3600},
    ("post", "notifiers/"): {"name": "chat", "kind": "slack", "url": "https://hooks.slack.com/services/T0/B0/X"},
    ("patch", "notifiers/{id}/"): {"enabled": False},
    ("post", "sheets/"): {
        "slug": "mood",
        "name": "Mood",
        "log": "factory",
        "label": "How was it?",
        "questions": [
            {"id": "calm", "kind": "likert", "text": "I was calm", "low": "not at all", "high": "very much"},
            {"id": "alone", "kind": "yes_no", "text": "Were you alone?", "required": True},
            {"id": "who", "kind": "text", "text": "Who was there?", "show_if": {"question": "alone", "is": False}},
        ],
    },
    ("patch", "sheets/{slug}/"): {"a_day": 5, "gap_s": 600},
    ("post", "prompts/"): {"sheet": "delay", "case": "order-7", "respondent": "bob"},
    ("post", "sheet-schedules/"): {"sheet": "delay", "respondents": ["ann", "bob"], "cron": "0 9 * * 1-5"},
    ("post", "report-mappings/"): {"client": "game", "log": "factory", "case": "session", "names": "strict"},
    ("post", "reports/"): {
        "client": "playground",
        "user": "dev.001",
        "platform": "web",
        "events": [{"type": "challenge_started", "timestamp": "2026-01-02T10:00:00Z", "challenge": "c1"}],
    },
    ("post", "tokens/"): {"scopes": ["read", "ingest"], "logs": ["factory"], "days": 30},
}
QUERIES: dict[str, dict[str, Any]] = {
    "rule-matches/": {"log": "factory", "state": "new", "page_size": 100},
    "brokers/": {"ordering": "-name"},
    "logs/{slug}/events/": {"case": "order-7", "at_after": "2026-01-01T00:00:00Z", "page_size": 100},
    "logs/{slug}/cases/": {"state": "open", "ordering": "-duration_s"},
    "logs/{slug}/variants/": {"ordering": "-cases", "page_size": 10},
    "logs/{slug}/statistics/": {"points": 500},
    "logs/{slug}/export/": {"as": "csv"},
    "logs/{slug}/export/selection/": {"as": "xes", "state": "closed"},
    "models/{id}/picture/selection/": {"passes": "Pack", "duration_min_s": 60},
    "models/{id}/picture/replay/": {"a": "1", "frames": 60},
    "models/{id}/picture/": {"activities": 0.8, "paths": 0.6},
    "models/{id}/picture/compare/": {"a": "1"},
    "models/{id}/export/": {"as": "svg"},
}


def add_examples(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Hook of drf-spectacular."""
    for (method, path), body in BODIES.items():
        content = result["paths"][f"/api/v1/{path}"][method]["requestBody"]["content"]
        content["application/json"]["examples"] = {"example": {"value": body}}
    for path, query in QUERIES.items():
        for parameter in result["paths"][f"/api/v1/{path}"]["get"]["parameters"]:
            if parameter["name"] in query:
                parameter["example"] = query[parameter["name"]]
    return result
