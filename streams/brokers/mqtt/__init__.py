"""The one importer of the MQTT client: receive and acknowledge, publish, tell in words what is wrong."""

from streams.brokers.mqtt.address import Address, BrokerError
from streams.brokers.mqtt.packets import MqttMessage
from streams.brokers.mqtt.publisher import Publisher
from streams.brokers.mqtt.source import Source, client_id, test_connection

__all__ = ["Address", "BrokerError", "MqttMessage", "Publisher", "Source", "client_id", "test_connection"]
