"""WebSocket routes."""

from channels.routing import URLRouter
from django.urls import path

from live.socket import daphne_protocol
from live.socket.consumers import LiveConsumer

daphne_protocol.install()
application = URLRouter([path("ws/live/", LiveConsumer.as_asgi()), path("ws/live/<slug:log>/", LiveConsumer.as_asgi())])
