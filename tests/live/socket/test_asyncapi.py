"""The AsyncAPI document: valid, and true of a real conversation."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from django.contrib.auth.models import User
from rest_framework.test import APIClient

from live.socket.asyncapi import document

SCHEMA = Path(__file__).parent / "asyncapi-3.0.0.json"  # of github.com/asyncapi/spec-json-schemas, Apache-2.0


def validator(kind: str) -> Any:
    """Of a message of the live socket, by the name of its type."""
    schema = {"$ref": f"#/components/schemas/{kind}", "components": document("x", secure=False)["components"]}
    return jsonschema.Draft202012Validator(schema)


def check(message: dict[str, Any]) -> None:
    """A message of the server is as the document says."""
    validator(message["type"].capitalize()).validate(message)


@pytest.mark.django_db
def test_the_document_is_served_and_is_valid_asyncapi() -> None:
    client = APIClient()
    assert client.get("/api/v1/asyncapi.yaml").status_code == 401
    client.force_authenticate(User.objects.create_superuser("boss"))
    answer = client.get("/api/v1/asyncapi.yaml")
    assert answer.headers["Content-Type"] == "application/yaml; charset=utf-8"
    served = yaml.safe_load(answer.content)
    jsonschema.Draft7Validator(json.loads(SCHEMA.read_text())).validate(served)
    assert set(served["channels"]) == {"live", "mqtt", "kafka", "redis"}


def test_every_reference_of_the_document_leads_somewhere() -> None:
    whole = document("localhost", secure=True)

    def follow(part: Any) -> None:
        if isinstance(part, dict):
            if isinstance(part.get("$ref"), str):
                found: Any = whole
                for name in part["$ref"].removeprefix("#/").split("/"):
                    found = found[name]
            for value in part.values():
                follow(value)
        elif isinstance(part, list):
            for value in part:
                follow(value)

    follow(whole)


def test_a_message_that_is_not_as_told_is_noticed() -> None:
    with pytest.raises(jsonschema.ValidationError):
        check({"type": "ended", "sub": 1, "reason": "mood", "detail": ""})
