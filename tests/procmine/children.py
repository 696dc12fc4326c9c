"""Children for tests of the supervisor: ``python -m tests.procmine.children ROLE ARGUMENTS…``."""

import signal
import subprocess
import sys
import threading

import paho.mqtt.client as mqtt


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def wait_for_ever() -> None:
    threading.Event().wait()


def polite(name: str) -> None:
    """Says when it is up and when it ends."""

    def end(*_: object) -> None:
        say(f"{name} ends")
        raise SystemExit(0)

    signal.signal(signal.SIGTERM, end)
    say(f"{name} is up")
    wait_for_ever()


def stubborn() -> None:
    """Does not end when asked to."""
    signal.signal(signal.SIGTERM, lambda *_: say("no"))
    say("is up")
    while True:
        wait_for_ever()


def crashing() -> None:
    say("is up")
    raise SystemExit(3)


def parent() -> None:
    """Leaves a child of its own behind."""
    child = subprocess.Popen([sys.executable, "-c", "import threading; threading.Event().wait()"])
    say(f"child {child.pid}")
    raise SystemExit(4)


def chatty() -> None:
    say("a" * 2**21)
    say("after the long line")
    wait_for_ever()


def subscriber(port: str, acknowledged: str) -> None:
    """A session that tells what it gets and acknowledges the first messages only."""
    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id="subscriber", clean_session=False, manual_ack=True)
    got = 0

    def on_message(_client: mqtt.Client, _data: object, message: mqtt.MQTTMessage) -> None:
        nonlocal got
        got += 1
        if got <= int(acknowledged):
            client.ack(message.mid, message.qos)
        say(f"got {message.payload.decode()}")

    client.on_connect = lambda *_: client.subscribe("plant/#", 1)
    client.on_subscribe = lambda *_: say("subscribed")
    client.on_message = on_message
    client.connect("127.0.0.1", int(port))
    client.loop_forever()


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
