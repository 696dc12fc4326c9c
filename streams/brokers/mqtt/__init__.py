"""The one importer of the MQTT client: receive and acknowledge, publish, tell in words what is wrong."""

from streams.brokers.mqtt.address import Address
from streams.brokers.mqtt.packets import MqttMessage
from streams.brokers.mqtt.publisher import Publisher
from streams.brokers.mqtt.source import Source, probe

__all__ = ["Address", "MqttMessage", "Publisher", "Source", "probe"]
