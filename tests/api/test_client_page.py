"""docs/api-client.md does what it says."""

import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connections

from accounts.tokens import create_token
from models_mining.mining.miner import LogMiners
from tests.conftest import needs

PAGE = Path(__file__).parents[2] / "docs" / "api-client.md"


def blocks(language: str) -> str:
    """All blocks of the page in a language, one after the other."""
    return "\n".join(re.findall(rf"^```{language}\n(.*?)^```", PAGE.read_text(), re.DOTALL | re.MULTILINE))


@pytest.fixture
def surroundings(live_server: Any, owner: User, tmp_path: Path) -> Iterator[dict[str, str]]:
    """What the page asks for: an installation that mines, and a token."""
    stopped = threading.Event()

    def mine() -> None:
        LogMiners().run(stopped.is_set)
        connections.close_all()

    miner = threading.Thread(target=mine)
    miner.start()
    _, token = create_token(owner, ("read", "ingest", "control"))
    yield {**os.environ, "PROCMINE_URL": live_server.url, "PROCMINE_TOKEN": token}
    stopped.set()
    miner.join(20)


@pytest.mark.django_db(transaction=True)
def test_the_walk_with_curl_and_the_python_client_run_as_they_stand(
    surroundings: dict[str, str], tmp_path: Path
) -> None:
    needs("curl")
    shell = subprocess.run(
        ["bash", "-e", "-c", blocks("sh")],
        env=surroundings,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert shell.returncode == 0, shell.stdout + shell.stderr
    assert '"stored":4,"duplicates":0,"rejected":1' in shell.stdout
    assert "there is no filter stat" in shell.stdout
    assert (tmp_path / "orders.svg").read_text().startswith("<svg")
    assert (tmp_path / "orders.csv").read_text().count("order-") == 4
    python = subprocess.run(
        [sys.executable, "-c", blocks("python")],
        env=surroundings,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert python.stdout == blocks("text"), python.stdout + python.stderr
