"""WebSocket routes."""

from channels.routing import URLRouter
from django.urls import path

from live import daphne_protocol
from live.consumers import LiveConsumer

daphne_protocol.install()
application = URLRouter([path("ws/live/", LiveConsumer.as_asgi()), path("ws/live/<slug:log>/", LiveConsumer.as_asgi())])
