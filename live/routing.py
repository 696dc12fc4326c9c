"""WebSocket routes."""

from channels.routing import URLRouter
from django.urls import path

from live.consumers import LiveConsumer

application = URLRouter([path("ws/live/", LiveConsumer.as_asgi()), path("ws/live/<slug:log>/", LiveConsumer.as_asgi())])
