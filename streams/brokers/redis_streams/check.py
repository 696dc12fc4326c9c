"""What Redis will lose, as far as it tells: INFO, CONFIG GET where we may, and the groups of our keys."""

from collections.abc import Iterator

import redis

from streams.brokers.base import BrokerError, client_id
from streams.brokers.findings import Finding, ok, unknown, warning
from streams.brokers.redis_streams.client import CONNECT_S, client_of, in_words, keys, text
from streams.models import Broker

CHECKED = 50  # keys that are looked at


def check(broker: Broker) -> Iterator[Finding]:
    """Findings one by one; nothing is written."""
    try:
        with in_words():
            client = client_of(broker, CONNECT_S)
            try:
                yield from _server(client)
                yield from _groups(broker, client)
            finally:
                client.close()
    except BrokerError as error:
        yield warning("connection", str(error), "Nothing more can be said before Redis can be used.")


def _server(client: "redis.Redis") -> Iterator[Finding]:
    about = client.info()
    yield ok("connection", f"Redis {about.get('redis_version', '?')} lets us in.")
    if int(str(about.get("redis_version", "7")).split(".")[0]) < 7:
        yield warning("version", "Before 7.0 it does not tell how much waits.", "Take Redis 7.0 or newer.")
    policy, most = about.get("maxmemory_policy"), about.get("maxmemory", 0)
    if policy is None:
        yield unknown("memory", "It does not tell what it does when its memory is full.")
    elif policy != "noeviction":
        yield warning(
            "memory",
            f"When its memory is full it deletes whole keys ({policy}).",
            "Set maxmemory-policy noeviction: then senders are refused, and nothing is lost in silence.",
        )
    else:
        limit = f"{most} bytes" if most else "no limit of its own: keep the machine's memory in sight"
        yield ok("memory", f"When its memory is full it refuses senders (noeviction); {limit}.")
    if not about.get("aof_enabled"):
        yield warning(
            "persistence",
            "It writes no append-only file: a crash loses what came since its last snapshot.",
            "Set appendonly yes (and appendfsync always, where not even a second may be lost).",
        )
    else:
        yield _fsync(client)


def _fsync(client: "redis.Redis") -> Finding:
    try:
        every = client.config_get("appendfsync").get("appendfsync", "?")
    except redis.ResponseError:
        return ok("persistence", "It writes an append-only file; how often to disk it does not tell us.")
    if every == "no":
        return warning("persistence", "It leaves writing to the system.", "Set appendfsync everysec or always.")
    return ok("persistence", f"It writes an append-only file (appendfsync {every}).")


def _groups(broker: Broker, client: "redis.Redis") -> Iterator[Finding]:
    streams = broker.streams.filter(enabled=True, archived_at=None)
    wanted = [key for stream in streams for key in keys(stream.topic, int(stream.options.get("partitions", 1)))]
    for key in wanted[:CHECKED]:
        try:
            groups = client.xinfo_groups(key)
        except redis.ResponseError:
            yield unknown("key", f"{key} is not there yet: it is made as soon as it is recorded.")
            continue
        group = next((one for one in groups if text(one["name"]) == client_id(broker.pk)), None)
        if group is None:
            yield unknown("key", f"{key} was never recorded.")
        elif group.get("lag") is None:
            yield warning(
                "key",
                f"{key}: entries were trimmed or deleted before we took them, or it cannot tell.",
                "Trim with a larger MAXLEN.",
            )
        else:
            yield ok("key", f"{key}: {group['lag']} entries wait, {group['pending']} are under way.")
