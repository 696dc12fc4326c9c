"""What `bench/fanout.py` compares with: Channels' consumer and groups, used as their documentation shows.

A message of BENCH_BYTES bytes goes to all sockets BENCH_HZ times a second, from a task of the same process.
"""

import asyncio
import json
import os

import django
from django.conf import settings

settings.configure(CHANNEL_LAYERS={"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}})
django.setup()

from channels.generic.websocket import AsyncWebsocketConsumer  # noqa: E402
from channels.layers import get_channel_layer  # noqa: E402
from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from django.urls import path  # noqa: E402

TEXT = "x" * (int(os.environ["BENCH_BYTES"]) - 40)
EVERY_S = 1 / float(os.environ["BENCH_HZ"])
sender: list[asyncio.Task[None]] = []


async def send_on() -> None:
    layer = get_channel_layer()
    version = 0
    while True:
        version += 1
        await layer.group_send("live", {"type": "picture", "version": version, "text": TEXT})
        await asyncio.sleep(EVERY_S)


class Stock(AsyncWebsocketConsumer):
    async def connect(self) -> None:
        await self.channel_layer.group_add("live", self.channel_name)
        await self.accept()
        if not sender:
            sender.append(asyncio.create_task(send_on()))

    async def disconnect(self, code: int) -> None:
        await self.channel_layer.group_discard("live", self.channel_name)

    async def picture(self, event: dict[str, object]) -> None:
        await self.send(text_data=json.dumps({"version": event["version"], "text": event["text"]}))


application = ProtocolTypeRouter({"websocket": URLRouter([path("ws/live/", Stock.as_asgi())])})
