"""Requests of every kind, drawn from the OpenAPI document: none makes it fail, and every answer is as it says.

`make fuzz` draws 10,000 (``FUZZ_REQUESTS``), the suite a few of each operation; a failure prints the request as curl.
"""

import os
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from django.core.wsgi import get_wsgi_application
from django.db import connection
from drf_spectacular.generators import SchemaGenerator
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi import checks

from tests.api.world import ROLES, World, make_world

REQUESTS = int(os.environ.get("FUZZ_REQUESTS", "0"))
SEED = int(os.environ.get("FUZZ_SEED", "1"))
CHECKS: Any = [
    schemathesis.checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]
FEW = 3  # requests of each operation in the suite
NOT_OURS = "/api/v1/schema/"  # the framework's; `test_documents` asks for it


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    made: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    return made


def operations(document: dict[str, Any]) -> Iterator[Any]:
    """What the document offers."""
    schema = schemathesis.openapi.from_dict(document)
    for found in schema.get_all_operations():
        operation = found.ok()
        if operation.path != NOT_OURS:
            yield operation


def fill_in(case: Any, world: World) -> None:
    """Let the path lead to what there is."""
    before = ""
    for part in case.operation.path.split("/"):
        if part.startswith("{") and before in world.known:
            case.path_parameters[part[1:-1]] = world.known[before]
        before = part


def fuzzed(operation: Any, number: int, application: Any, world: World) -> int:
    """Send so many requests of an operation, half of them meant to be wrong; how many these were."""
    sent = 0

    def send(case: Any, role: str | None, exists: int) -> None:
        nonlocal sent
        sent += 1
        if exists:
            fill_in(case, world)
        headers = {"Authorization": f"Token {world.tokens[role]}"} if role else {}
        answer = case.call(base_url="http://localhost", headers=headers, app=application)
        case.validate_response(answer, checks=CHECKS)

    modes = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
    cases = st.one_of([operation.as_strategy(generation_mode=mode) for mode in modes])
    roles = st.sampled_from([*ROLES, "superuser", "superuser", None])
    seed(SEED)(drawn(number)(given(case=cases, role=roles, exists=st.integers(0, 3))(send)))()
    return sent


@pytest.mark.skipif(connection.vendor != "sqlite" and not REQUESTS, reason="the short one runs on SQLite")
@pytest.mark.django_db(transaction=True)
def test_no_request_makes_the_api_fail_or_lie(document: dict[str, Any], settings: Any) -> None:
    settings.LIMIT_READ = settings.LIMIT_CONTROL = settings.LIMIT_EVENTS = 0
    settings.BROKER_HOSTS = ["127.0.0.1"]
    application = get_wsgi_application()
    offered = list(operations(document))
    sent, wrong, world = 0, [], None
    for operation in offered:
        world = world or make_world()
        try:
            sent += fuzzed(operation, max(REQUESTS // len(offered), FEW), application, world)
        except (Exception, BaseExceptionGroup) as error:  # noqa: BLE001  all are tried, then all mistakes told
            wrong += [f"{operation.label}: {one}"[:2000] for one in getattr(error, "exceptions", [error])]
        if operation.method.lower() != "get":
            world = None  # some of it may be gone: whatever is missing is made again
    assert not wrong, "\n\n".join(wrong)
    assert sent >= REQUESTS * 0.9


def drawn(number: int) -> Any:
    """So many examples an operation, the same ones each time."""
    return settings(
        max_examples=number,
        deadline=None,
        database=None,
        phases=[Phase.generate] if REQUESTS else [Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
