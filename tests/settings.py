"""Settings of the test suite: those of the product, told by the environment where to keep things.

``TEST_DATABASE_URL`` and ``TEST_REDIS_URL`` choose the services stack (``make test`` sets both in its
second stage); without them it is the embedded one: SQLite, memory broker, in-memory channel layer.
"""

from __future__ import annotations

import os
import tempfile

_DATA_DIR = tempfile.mkdtemp(prefix="ailona-tests-")

for _name in ("DATABASE_URL", "REDIS_URL", "VENUE_URL", "AILONA_ROLE", "LISTEN", "MARKET"):
    os.environ.pop(_name, None)
os.environ["DATA_DIR"] = _DATA_DIR
os.environ["AILONA_ROLE"] = "login"  # it creates and migrates the test database; tests.roles does the rest
os.environ["SECRET_KEY"] = "a-key-for-tests-only-that-is-long-enough-to-pass-the-checks-0123456789"
os.environ["DEBUG"] = "0"
os.environ["BEHIND_HTTPS"] = "0"
os.environ["ALLOWED_HOSTS"] = "testserver,localhost,127.0.0.1"
os.environ["TRADER_PUBLIC_KEY"] = "YS1wdWJsaWMta2V5LWZvci10ZXN0cy1vbmx5LWEtcHU="  # nobody has its other half
os.environ["VENUE_CONTROL_TOKEN"] = "a-control-token-for-tests"
for _theirs, _ours in (("TEST_DATABASE_URL", "DATABASE_URL"), ("TEST_REDIS_URL", "REDIS_URL")):
    if os.environ.get(_theirs):
        os.environ[_ours] = os.environ[_theirs]
if os.environ.get("REDIS_URL"):
    # Processes that test side by side have a database each; PostgreSQL's is pytest-django's doing.
    _head, _, _number = os.environ["REDIS_URL"].rpartition("/")
    _worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    os.environ["REDIS_URL"] = f"{_head}/{int(_number) + _worker}"

from ailona.settings import *  # noqa: E402, F403 - everything of the product, then what follows

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
# Nothing was collected: static files come from where they were written, on both stacks.
WHITENOISE_USE_FINDERS = WHITENOISE_AUTOREFRESH = True
STORAGES = {
    **STORAGES,  # noqa: F405 - from the product's settings
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
# Tests share a cache and an address; the one about limits sets its own.
ACCOUNT_RATE_LIMITS = False
