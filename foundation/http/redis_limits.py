"""Token buckets that all processes share, in Redis."""

from functools import cache

import redis
from django.conf import settings

_TAKE = """
local now = redis.call('TIME')
now = tonumber(now[1]) + tonumber(now[2]) / 1e6
local cost, rate, burst = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local free_at = math.max(tonumber(redis.call('GET', KEYS[1]) or '0'), now - burst / rate)
local wait = free_at + cost / rate - now
if wait > 0 then return tostring(wait) end
redis.call('SET', KEYS[1], string.format('%.6f', free_at + cost / rate), 'PX', math.ceil(1000 * burst / rate) + 1000)
return '0'
"""


class NoAnswerError(Exception):
    """Redis does not answer; the message says how."""


@cache
def _script(url: str) -> "redis.commands.core.Script":
    client = redis.Redis.from_url(url, socket_timeout=0.25, socket_connect_timeout=0.25)
    return client.register_script(_TAKE)


def take(key: str, cost: float, rate_per_s: float, burst: float) -> float:
    """As `foundation.http.limits.Buckets.take`; NoAnswerError where Redis does not answer."""
    name = f"procmine:{settings.INSTALLATION}:limit:{key}"
    try:
        return float(_script(settings.REDIS_URL)(keys=[name], args=[cost, rate_per_s, burst]))
    except redis.RedisError as error:
        raise NoAnswerError(str(error)) from error
