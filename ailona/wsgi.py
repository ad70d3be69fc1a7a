"""WSGI entry, for servers that know nothing else; live updates need ``ailona.asgi``."""

from __future__ import annotations

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ailona.settings")
os.environ.setdefault("AILONA_ROLE", "web")
application = get_wsgi_application()
