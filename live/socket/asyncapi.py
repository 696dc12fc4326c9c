"""The AsyncAPI 3 document: the live socket, from the types that read and write its messages; and what brokers carry."""

from typing import Any, get_args

import msgspec
from django.conf import settings

from live.socket import messages, protocol

_TEMPLATE = "#/components/schemas/{name}"
_FROM_CLIENT = get_args(protocol.AnyMessage)
_FROM_SERVER = get_args(messages.AnyMessage)
_STREAMS = {  # a payload as `streams.parsing.payloads` reads it
    "MqttXesEvent": {
        "description": "Format `mqtt-xes`: process, case and activity are levels of the topic; no member is needed.",
        "type": "object",
        "properties": {
            "time:timestamp": {"type": "string", "description": "ISO 8601; left out: the arrival."},
            "id": {"type": "string", "maxLength": 255, "description": "An event with an id is stored once."},
            "event": {"type": "object", "description": "More attributes of the event."},
            "trace": {"type": "object", "description": "Attributes of the case."},
        },
    },
    "JsonEvent": {
        "description": "Format `json`: any object; the mapping of the stream (JSON Pointers) says what is what.",
        "type": "object",
        "examples": [{"order": "order-7", "step": "Pack", "when": "2026-01-02T10:00:00Z"}],
    },
    "CloudEvent": {
        "description": "Format `cloudevents` (1.0, JSON): `subject` is the case, `type` the activity.",
        "type": "object",
        "required": ["specversion", "id", "source", "type", "subject"],
        "properties": {name: {"type": "string"} for name in ("specversion", "id", "source", "type", "subject", "time")},
    },
}


def document(host: str, *, secure: bool) -> dict[str, Any]:
    """The document of this installation, whose web process is reached at ``host``."""
    _, schemas = msgspec.json.schema_components((*_FROM_CLIENT, *_FROM_SERVER), ref_template=_TEMPLATE)
    sent = {kind.__name__ + "Message": _message(kind) for kind in _FROM_SERVER}
    asked = {kind.__name__ + "Message": _message(kind) for kind in _FROM_CLIENT}
    events = {name: {"contentType": "application/json", "payload": _ref("schemas", name)} for name in _STREAMS}
    live = {
        "address": "/ws/live/",
        "title": "The live socket",
        "description": "Subprotocol procmine.v1. /ws/live/<log>/ is the same, subscribed to a log's default model.",
        "servers": [{"$ref": "#/servers/web"}],
        "messages": {name: _ref("messages", name) for name in (*sent, *asked)},
        "bindings": {"ws": {"method": "GET", "bindingVersion": "0.1.0"}},
    }
    brokers = {
        "mqtt": _broker_channel("mqtt", "{topic}", "The topic of a stream; mqtt-xes: base/process/case/activity."),
        "kafka": _broker_channel("kafka", "{topic}", "A Kafka topic; a record has its case as key."),
        "redis": _broker_channel("redis", "{topic}", "A Redis stream; the event is its field `payload`."),
    }
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "procmine",
            "version": settings.VERSION,
            "description": "Live process mining: what is pushed to watchers, and the events that brokers bring.",
            "license": {"name": "AGPL-3.0-or-later"},
        },
        "defaultContentType": "application/json",
        "servers": {
            "web": {
                "host": host,
                "protocol": "wss" if secure else "ws",
                "description": "Sign in by session cookie with an own Origin, by Authorization: Token, or by `auth`.",
                "security": [{"$ref": "#/components/securitySchemes/token"}],
            },
            **{
                kind: {"host": "{broker}", "protocol": kind, "variables": {"broker": {"description": "As registered."}}}
                for kind in brokers
            },
        },
        "channels": {"live": live, **brokers},
        "operations": {
            "told": {"action": "send", "channel": {"$ref": "#/channels/live"}, "messages": _of("live", sent)},
            "asked": {"action": "receive", "channel": {"$ref": "#/channels/live"}, "messages": _of("live", asked)},
            **{
                f"recorded-{kind}": {
                    "action": "receive",
                    "channel": {"$ref": f"#/channels/{kind}"},
                    "messages": _of(kind, events),
                }
                for kind in brokers
            },
        },
        "components": {
            "schemas": {**schemas, **_STREAMS},
            "messages": {**sent, **asked, **events},
            "securitySchemes": {
                "token": {
                    "type": "httpApiKey",
                    "in": "header",
                    "name": "Authorization",
                    "description": "`Token pm_<prefix>_<secret>`",
                }
            },
        },
    }


def _message(kind: type) -> dict[str, Any]:
    struct = msgspec.inspect.type_info(kind)
    return {
        "name": str(getattr(struct, "tag", kind.__name__)),
        "summary": (kind.__doc__ or "").split("\n")[0],
        "payload": _ref("schemas", kind.__name__),
    }


def _broker_channel(kind: str, address: str, description: str) -> dict[str, Any]:
    return {
        "address": address,
        "description": description,
        "servers": [{"$ref": f"#/servers/{kind}"}],
        "parameters": {"topic": {"description": "As the stream is registered."}},
        "messages": {name: _ref("messages", name) for name in _STREAMS},
    }


def _of(channel: str, names: Any) -> list[dict[str, str]]:
    return [{"$ref": f"#/channels/{channel}/messages/{name}"} for name in names]


def _ref(folder: str, name: str) -> dict[str, str]:
    return {"$ref": f"#/components/{folder}/{name}"}
