"""ASGI entry: pages and API by Django, live updates by Channels, both behind the session."""

from __future__ import annotations

import os
import warnings

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ailona.settings")
os.environ.setdefault("AILONA_ROLE", "web")
_pages = get_asgi_application()  # loads the apps, which what follows needs

from channels.auth import AuthMiddlewareStack  # noqa: E402
from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from channels.security.websocket import AllowedHostsOriginValidator  # noqa: E402

from ailona.checks import refuse_unsafe_settings  # noqa: E402
from ailona.lifespan import lifespan  # noqa: E402
from bots.routing import websocket_urlpatterns  # noqa: E402

refuse_unsafe_settings()

# WhiteNoise hands files over in blocks, which Django gathers first under ASGI; ours are small.
warnings.filterwarnings("ignore", message="StreamingHttpResponse must consume synchronous iterators")

application = ProtocolTypeRouter(
    {
        "lifespan": lifespan,
        "http": _pages,
        "websocket": AllowedHostsOriginValidator(AuthMiddlewareStack(URLRouter(websocket_urlpatterns))),
    }
)
