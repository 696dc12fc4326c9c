"""The settings of an installation on a network, and what the code never does."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from rest_framework.test import APIClient

from tests.installation import ROOT

APPS = (
    "procmine",
    "accounts",
    "live",
    "sheets",
    "rules",
    "simulations",
    "models_mining",
    "streams",
    "foundation",
    "simulator",
)


def test_a_host_or_proxy_that_is_none_stops_the_start_by_name(tmp_path: Path) -> None:
    env = {name: value for name, value in os.environ.items() if not name.startswith("PROCMINE_")}
    env |= {"PROCMINE_VAR": str(tmp_path), "PROCMINE_BROKER_HOSTS": "10.0.0.1/8", "PROCMINE_TRUSTED_PROXIES": "nginx"}
    command = [sys.executable, "manage.py", "check"]
    wrong = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    assert wrong.returncode != 0
    assert "PROCMINE_BROKER_HOSTS" in wrong.stderr
    assert "PROCMINE_TRUSTED_PROXIES" in wrong.stderr


def code() -> Iterator[tuple[str, str]]:
    for app in APPS:
        for file in (ROOT / app).rglob("*.py"):
            yield str(file.relative_to(ROOT)), file.read_text()


PICKLES = r"\b(import|from) (pickle|cPickle|_pickle|dill|cloudpickle|shelve|marshal|joblib|jsonpickle)\b"
UNSAFE = r"\b(yaml\.(unsafe_|full_)?load\(|(?<!\.)eval\(|exec\(|os\.system\(|shell=True|read_pickle|torch\.load)"


def test_nothing_is_pickled_evaluated_or_handed_to_a_shell() -> None:
    found = [f"{name}: {match[0]}" for name, text in code() for match in re.finditer(f"{PICKLES}|{UNSAFE}", text)]
    assert found == []
    assert settings.SESSION_SERIALIZER == "django.contrib.sessions.serializers.JSONSerializer"
    for cache in settings.CACHES.values():  # Django pickles into every cache but the dummy; the local one is ours alone
        assert "locmem" in cache["BACKEND"] or "Json" in str(cache.get("OPTIONS", {}).get("serializer", "")), cache


@pytest.mark.parametrize("path", ["/login/", "/api/v1/logs/", "/nowhere"])
def test_every_answer_is_shut_against_other_sites(anyone: APIClient, path: str) -> None:
    answer = anyone.get(path)
    assert answer["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "camera=()" in answer["Permissions-Policy"]
    assert answer["Cross-Origin-Opener-Policy"] == "same-origin"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["X-Frame-Options"] == "DENY"
    policy = answer["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "script" not in policy  # scripts: as all else, from here only, none inline
    assert "frame-ancestors 'none'" in policy
