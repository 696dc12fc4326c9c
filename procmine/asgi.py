"""HTTP and WebSocket in one application."""

import gc
import os

from django.core.asgi import get_asgi_application

gc.disable()  # while all is loaded, that stays: to look for garbage took a sixth of the start
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "procmine.settings")
http = get_asgi_application()  # loads the apps, so it comes before the imports below

from channels.routing import ProtocolTypeRouter  # noqa: E402
from django.conf import settings  # noqa: E402
from django.urls import get_resolver  # noqa: E402

from accounts.socket_auth import SocketAuth  # noqa: E402
from live.socket.routing import application as live_socket  # noqa: E402
from procmine.web import daphne_requests  # noqa: E402
from procmine.web.proxies import TrustedProxies  # noqa: E402
from procmine.web.static_files import StaticFiles, gather  # noqa: E402

daphne_requests.install()
gather()
router = ProtocolTypeRouter({"http": StaticFiles(http), "websocket": SocketAuth(live_socket)})
application = TrustedProxies(router, settings.TRUSTED_PROXIES)
_ = get_resolver().url_patterns  # every page now, not with the first request
gc.enable()
gc.freeze()  # what is loaded is not looked through again: 0.1 s each time, in which nobody was answered
