"""What the OpenAPI document shows is what happens: each example is sent, each resource asked for, answers checked."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.wsgi import get_wsgi_application
from django.test import Client
from schemathesis.core.failures import FailureGroup

from procmine.api.examples import BODIES, QUERIES
from tests.api.test_fuzz import CHECKS, document, fill_in, operations
from tests.api.world import World, make_world

__all__ = ["document"]  # a fixture

ABSENT = {  # what there is none of yet: answered by a 404 that says so
    "logs/{slug}/drift/{id}/",
    "logs/{slug}/predictions/{name}/",
    "logs/{slug}/conformance/cases/{name}/",
    "logs/{slug}/grants/{id}/",
    "references/{id}/",
    "jobs/{id}/files/{name}/",
}
NOT_JSON = {"models/{id}/alignment/", "references/{id}/alignment/", "models/{id}/snapshots/compare/"}  # see their tests

Send = Callable[..., Any]


@pytest.fixture
def send(transactional_db: None) -> Send:
    """``send(operation, body=…)`` as the superuser in a browser session; the checked answer."""
    world: World = make_world()
    browser = Client()
    browser.force_login(User.objects.get(username="superuser"))
    session = browser.cookies["procmine_session"].value
    secret = "x" * 32
    cookies, headers = {"procmine_session": session, "procmine_csrf": secret}, {"X-CSRFToken": secret}
    application = get_wsgi_application()

    def sent(operation: Any, **parts: Any) -> Any:
        if isinstance(parts.get("body"), dict) and "broker" in parts["body"]:
            parts["body"] |= {"broker": world.known["brokers"]}
        names = {parameter.name: "1" for parameter in operation.path_parameters}
        case = operation.Case(path_parameters=names, **parts)
        fill_in(case, world)
        answer = case.call(base_url="http://localhost", headers=headers, cookies=cookies, app=application)
        case.validate_response(answer, checks=CHECKS)
        return answer

    return sent


def test_every_example_is_a_request_that_works(document: dict[str, Any], send: Send) -> None:
    by_name = {(one.method.lower(), one.path.removeprefix("/api/v1/")): one for one in operations(document)}
    for name, body in BODIES.items():
        answer = send(by_name[name], body=body, media_type="application/json")
        assert answer.status_code in (200, 201), (name, answer.text)
    for path, query in QUERIES.items():
        answer = send(by_name["get", path], query=query)
        assert answer.status_code in (200, 202), (path, answer.text)


def test_every_resource_answers_as_described(document: dict[str, Any], send: Send) -> None:
    for operation in operations(document):
        path = operation.path.removeprefix("/api/v1/")
        if operation.method.lower() == "get" and path not in NOT_JSON | QUERIES.keys():
            answer = send(operation)
            assert answer.status_code == (404 if path in ABSENT else 200), (path, answer.text)


def test_a_false_description_would_be_noticed(document: dict[str, Any], send: Send) -> None:
    false = deepcopy(document)
    false["components"]["schemas"]["Me"]["properties"]["username"] = {"type": "integer"}
    me = next(one for one in operations(false) if one.path == "/api/v1/me/")
    with pytest.raises(FailureGroup, match="1 distinct failure"):
        send(me)
