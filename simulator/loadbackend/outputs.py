"""Where a load backend plays to: the URL of a broker and a topic → a sink."""

import re
from urllib.parse import urlsplit

from simulator.sinks.base import Sink
from simulator.sinks.kafka import KafkaSink
from simulator.sinks.mqtt import FORMATS, MqttSink
from simulator.sinks.mqtt_connection import BrokerUrl

ANY_PARTITION = -1  # the client takes CRC-32 of the key, modulo the partitions there are
KAFKA_TOPIC = re.compile(r"[A-Za-z0-9._-]{1,249}")
EXPECTED = "expected mqtt://user:password@host:port, mqtts://… or kafka://host:port"


def sink_for(broker: str, topic: str) -> Sink:
    """The sink for a broker; raises ValueError, with what is wrong and no password, where that is none.

    MQTT: events go as MQTT-XES to ``<topic>/<case>/<activity>``, so the last level of ``topic`` is the process.
    Kafka: the JSON object of five keys, the case as key.
    """
    if urlsplit(broker).scheme != "kafka":
        try:
            url = BrokerUrl.parse(broker)
        except ValueError as error:
            raise ValueError(f"--broker: is no URL of a broker: {error}, {EXPECTED}") from None
        base, _, process = topic.rpartition("/")
        if not (base and process) or topic.startswith("$") or "//" in f"/{topic}" or re.search(r"[+#\0]", topic):
            raise ValueError(
                f"--topic: got '{topic}', expected BASE/PROCESS, without + and #, for example procmine/load"
            )
        return MqttSink(url, base=base, process=process, payload=FORMATS["mqtt-xes"], qos=1, case_prefix="")
    parts = urlsplit(broker)
    servers = parts.netloc
    if not re.fullmatch(r"[^@/:,]+:\d+(,[^@/:,]+:\d+)*", servers) or parts.path not in ("", "/") or parts.query:
        raise ValueError(f"--broker: is no URL of a Kafka broker, {EXPECTED}")
    if not KAFKA_TOPIC.fullmatch(topic):
        raise ValueError(f"--topic: got '{topic}', expected letters, digits, '.', '_' and '-' (Kafka)")
    return KafkaSink(servers, topic, client_id="loadbackend", partition=lambda case: ANY_PARTITION)
