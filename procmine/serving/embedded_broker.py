"""The MQTT broker inside `manage.py serve`, for machines that have none: rumqttd, from the wheel ``iotcore``.

It listens on loopback only and keeps sessions in memory: a killed client gets again what it had not acknowledged, a
restart of the broker forgets all. It speaks MQTT 3.1.1 on one port and MQTT 5 on another.
"""

import socket
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from foundation.processes import hints
from streams.models import Broker, Stream

NAME = "embedded"
HOST = "127.0.0.1"
_LISTENER = """
[{version}.1]
name = "{version}"
listen = "{host}:{port}"
next_connection_delay_ms = 1
[{version}.1.connections]
connection_timeout_ms = 60000
max_payload_size = 1048576
max_inflight_count = 500
dynamic_filters = true
"""
# Segments hold what sessions have not read yet: at most 16 x 16 MiB a filter, then the oldest is dropped.
_CONFIG = """id = 0
[router]
id = 0
max_connections = 1000
max_outgoing_packet_count = 200
max_segment_size = 16777216
max_segment_count = 16
"""


@dataclass(frozen=True)
class EmbeddedBroker:
    """Where the broker listens, and the configuration it is started with."""

    port: int  # MQTT 3.1.1
    port_mqtt5: int
    config: Path

    @property
    def url(self) -> str:
        return f"mqtt://{HOST}:{self.port}"

    def command(self) -> list[str]:
        """Module and arguments of the broker's process."""
        return ["iotcore", "--config", str(self.config), "--log-level", "CRITICAL"]  # it logs each packet as an error


def wanted() -> bool:
    """Whether no other broker is configured, or a stream still listens on the embedded one."""
    if not Broker.objects.exclude(name=NAME).exists():
        return True
    return Stream.objects.filter(broker__name=NAME, enabled=True, archived_at=None).exists()


def prepare() -> EmbeddedBroker:
    """Choose ports (``PROCMINE_BROKER_PORT``, free ones if taken), and tell them: Broker row, files in ``ports/``."""
    folder = settings.VAR / "ports"
    folder.mkdir(parents=True, exist_ok=True)
    port = _free_port(settings.BROKER_PORT)
    broker = EmbeddedBroker(port=port, port_mqtt5=_free_port(port + 1), config=folder / "embedded_broker.toml")
    listeners = (("v4", broker.port), ("v5", broker.port_mqtt5))
    text = "".join(_LISTENER.format(version=version, host=HOST, port=port) for version, port in listeners)
    broker.config.write_text(_CONFIG + text)
    (folder / "broker").write_text(f"{broker.port}\n")
    (folder / "broker_mqtt5").write_text(f"{broker.port_mqtt5}\n")
    Broker.objects.update_or_create(
        name=NAME,
        defaults={
            "host": HOST,
            "port": broker.port,
            "tls": False,
            "protocol": Broker.Protocol.V311,
            "state": Broker.State.STOPPED,  # the last run may have been killed
            "subscribed": {},  # a broker that just starts holds no session
        },
    )
    hints.send(hints.SETUP)
    return broker


def _free_port(wish: int) -> int:
    """``wish`` if nobody uses it on loopback, else a port that the system chooses."""
    for port in (wish, 0):
        try:
            with socket.create_server((HOST, port)) as probe:
                return int(probe.getsockname()[1])
        except (OSError, OverflowError):
            continue
    raise OSError(f"No free port on {HOST}.")
