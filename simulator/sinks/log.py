"""``log``: posts events to the API of a procmine installation, in batches, each event with an id."""

import json
import os
import re
import time
from collections import Counter
from typing import Any

from simulator.errors import SinkError, StoppedError
from simulator.reading.fields import Fields
from simulator.sinks import SINKS
from simulator.sinks.base import Overrides, Sink, SinkHead, Surroundings
from simulator.sinks.http_poster import MAX_ANSWER_BYTES, Patience, Poster
from simulator.world.event import Event
from simulator.world.ids import EventIds

TOKEN_VARIABLE = "PROCMINE_TOKEN"  # noqa: S105  (a variable's name)
MAX_BATCH = 500  # events of one request; the API takes 5,000 and 5 MiB
MAX_BATCH_BYTES = 1024 * 1024
FLUSH_S = 0.5  # how long an event may wait for others
PATIENCE = Patience(
    statuses=frozenset({429, 502, 503, 504}),
    delays_s=(0.25, 0.5, 1.0, 2.0, 4.0, 8.0, *[10.0] * 12),  # longer than then_s: it is time that ends the run
    first_s=10.0,  # the installation may be starting
    then_s=120.0,
)
SLUG = re.compile(r"[-a-zA-Z0-9_]+")


class LogSink(Sink):
    """Sends to ``POST /api/v1/logs/<slug>/events/``; waits while the installation does.

    Ids make every repetition harmless. What the installation refuses is counted by reason, and told at the first
    and at the end.
    """

    def __init__(self, url: str, slug: str, *, token_variable: str, case_prefix: str) -> None:
        self._name = f"{url} log '{slug}'"
        self._url = f"{url}/api/v1/logs/{slug}/events/?results=errors"
        self._token_variable = token_variable
        self._case_prefix = case_prefix
        self._ids = EventIds()
        self._poster: Poster | None = None
        self._surroundings = Surroundings(say=lambda text: None, stopped=lambda: False)
        self._batch: list[bytes] = []
        self._bytes = 0
        self._sent_s = 0.0
        self._refused: Counter[str] = Counter()

    def open(self, surroundings: Surroundings) -> None:
        """Ask with an empty batch whether the installation is there and the token opens the log."""
        self._surroundings = surroundings
        token = os.environ.get(self._token_variable, "")
        if not token:
            raise SinkError(
                f"{self._name}: the environment variable {self._token_variable} holds no token; "
                "make one with the command createtoken: createtoken USER --scope ingest"
            )
        headers = {"Authorization": f"Token {token}"}
        self._poster = Poster(self._url, patience=PATIENCE, name=self._name, headers=headers)
        self._poster.open(surroundings)
        self._results(self._poster.post(b"[]"))
        self._sent_s = time.monotonic()

    def send(self, event: Event) -> None:
        item = {
            "id": self._ids.next(),
            "case": self._case_prefix + event.case,
            "activity": event.activity,
            "at": event.at.isoformat(timespec="microseconds"),
            "attributes": {"node": event.node, "group": event.group},
        }
        data = json.dumps(item, ensure_ascii=False, separators=(",", ":")).encode()
        self._batch.append(data)
        self._bytes += len(data)
        late = time.monotonic() - self._sent_s > FLUSH_S
        if late or len(self._batch) >= MAX_BATCH or self._bytes >= MAX_BATCH_BYTES:
            self.idle()

    def idle(self) -> None:
        if not self._batch or self._poster is None:
            return
        results = self._results(self._poster.post(b"[" + b",".join(self._batch) + b"]"))
        self._batch.clear()
        self._bytes = 0
        self._sent_s = time.monotonic()
        for result in results:
            self._note(result)

    def _results(self, answer: bytes) -> list[dict[str, Any]]:
        if len(answer) > MAX_ANSWER_BYTES:
            raise SinkError(f"{self._name}: the answer is longer than {MAX_ANSWER_BYTES:,} bytes")
        try:
            results = json.loads(answer)["results"]
        except (ValueError, LookupError, TypeError):
            results = None
        if not isinstance(results, list):
            raise SinkError(f"{self._name}: answers, but not as a procmine installation does")
        return results

    def _note(self, result: dict[str, Any]) -> None:
        if result.get("status") != "rejected":
            return
        if not self._refused:
            self._surroundings.say(f"{self._name}: an event was refused: {result.get('detail')}")
        self._refused[str(result.get("reason"))] += 1

    def close(self) -> None:
        try:
            self.idle()
        except StoppedError:
            raise SinkError(f"{self._name}: stopped with {len(self._batch)} events not delivered") from None
        finally:
            if self._poster is not None:
                self._poster.close()
            if self._refused:
                counts = ", ".join(f"{reason} {count:,}" for reason, count in sorted(self._refused.items()))
                self._surroundings.say(f"{self._name}: events refused: {counts}")
                self._refused.clear()


@SINKS.register("log")
def read(fields: Fields, head: SinkHead, overrides: Overrides) -> Sink:
    """Fields: url, log; tokenVariable (PROCMINE_TOKEN), casePrefix ("")."""
    url = fields.text("url", expected="text, where the installation is, as http://127.0.0.1:8000")
    if (entry := fields.entry("url")) and url and not _is_http(url):
        fields.problems.error(entry.place, f"is no http:// or https:// address, got {url!r}")
    slug = fields.text("log", expected="text, the slug of a log")
    if fields.entry("log") and slug and not SLUG.fullmatch(slug):
        fields.error("log", f"has a wrong value, got {slug!r}, expected a slug of letters, digits, - and _")
    case_prefix = fields.text("casePrefix", default="")
    return LogSink(
        url.rstrip("/"),
        slug,
        token_variable=fields.text("tokenVariable", default=TOKEN_VARIABLE),
        case_prefix=case_prefix if overrides.case_prefix is None else overrides.case_prefix,
    )


def _is_http(url: str) -> bool:
    try:
        Poster(url, patience=PATIENCE)
    except ValueError:
        return False
    return "?" not in url
