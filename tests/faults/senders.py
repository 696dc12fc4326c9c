"""Those who send, and remember what was acknowledged to them: over MQTT with and without event ids, and over HTTP."""

import json
import threading
import time
import urllib.error
import urllib.request
from typing import Any

from paho.mqtt.client import Client, MQTTMessageInfo
from paho.mqtt.enums import CallbackAPIVersion

from tests.faults.truth import Sent, attributes, event

REPEATED = 3000  # of the newest events with an id: sent again when the broker was away
RATE_PER_S = 200.0
BATCH = 40  # events of a request


class Sender(threading.Thread):
    """Sends event after event until told to stop; ``acknowledged`` counts those that the other side has taken."""

    name: str

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.sent = 0
        self.acknowledged: set[int] = set()
        self.enough = threading.Event()
        self.free = threading.Event()  # cleared: send nothing for now
        self.free.set()

    def settled(self) -> bool:
        """Whether everything sent was acknowledged."""
        return len(self.acknowledged) == self.sent

    def pace(self, events: int = 1) -> bool:
        """Wait for the time of the next ones; False when it is enough."""
        self.free.wait()
        return not self.enough.wait(events / RATE_PER_S)


class Device(Sender):
    """An MQTT device at QoS 1. With ids it repeats its newest events after a lost connection, as devices do that
    are not sure what the broker still knows; without ids it cannot."""

    def __init__(self, port: int, *, ids: bool) -> None:
        super().__init__()
        self.name = "sure" if ids else "plain"
        self.ids = ids
        self._waiting: dict[int, MQTTMessageInfo] = {}  # by event number: not acknowledged when we last looked
        self._client = Client(CallbackAPIVersion.VERSION2, client_id=f"device-{self.name}", clean_session=False)
        self._client.max_queued_messages_set(0)
        self._client.on_connect = self._connected
        self._client.reconnect_delay_set(1, 1)
        self._client.connect_async("127.0.0.1", port)
        self._repeat = False

    def run(self) -> None:
        self._client.loop_start()
        while self.pace():
            if self._repeat and self.ids:
                self._repeat = False
                for number in range(max(0, self.sent - REPEATED), self.sent):
                    self._publish(number)
            if self._client.is_connected():
                self._publish(self.sent)
                self.sent += 1

    def end(self) -> None:
        """Hang up."""
        self._client.disconnect()
        self._client.loop_stop()

    def _publish(self, number: int) -> None:
        sent = event(self.name, number)
        told: dict[str, Any] = {**attributes(sent), "time:timestamp": sent.at.isoformat()}
        if self.ids:
            told["identity:id"] = f"{self.name}-{number:09d}"
        topic = f"faults/faults/{sent.case}/{sent.activity}"
        message = self._client.publish(topic, json.dumps({"event": told}), 1)
        if number not in self.acknowledged:
            self._waiting[number] = message

    def settled(self) -> bool:
        for number, message in self._waiting.copy().items():  # at one blow: the other thread adds to it
            if message.is_published():
                self.acknowledged.add(number)
                self._waiting.pop(number, None)
        return super().settled()

    def _connected(self, client: Client, data: Any, flags: Any, code: Any, properties: Any) -> None:
        self._repeat = self.sent > 0


class App(Sender):
    """Posts batches to the API, and each again with the same ids until it is answered."""

    name = "app"

    def __init__(self, url: str, token: str) -> None:
        super().__init__()
        self._url = url
        self._headers = {"Authorization": f"Token {token}", "Content-Type": "application/json"}

    def run(self) -> None:
        while self.pace(BATCH):
            numbers = range(self.sent, self.sent + BATCH)
            self.sent += BATCH
            body = json.dumps([self._body(event(self.name, number)) for number in numbers]).encode()
            while not self._posted(body):
                time.sleep(0.1)  # a real client waits too; nothing is asserted of it
            self.acknowledged.update(numbers)

    def _body(self, sent: Sent) -> dict[str, Any]:
        return {
            "id": f"{self.name}-{sent.number:09d}",
            "case": sent.case,
            "activity": sent.activity,
            "at": sent.at.isoformat(),
            "attributes": attributes(sent),
        }

    def _posted(self, body: bytes) -> bool:
        request = urllib.request.Request(self._url, method="POST", data=body, headers=self._headers)  # noqa: S310
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:  # noqa: S310
                return not json.loads(answer.read())["rejected"]
        except urllib.error.HTTPError as error:
            if error.code < 500:
                raise
            return False
        except (OSError, ValueError):
            return False

    def end(self) -> None:
        """Nothing is held open."""
