"""Django settings: one file, from the environment. Nothing exists only in production.

Without DATABASE_URL and REDIS_URL this is the embedded stack: SQLite, in-memory broker and channel
layer, everything in one process. ``.env.example`` lists every variable.
"""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Any

from csp.constants import NONE, SELF

from ailona.env import (
    env_bool,
    env_choice,
    env_float,
    env_int,
    env_list,
    env_secret,
    env_str,
    postgresql_database,
    read_env_file,
    sqlite_database,
)  # fmt: skip
from trading_core.exchanges.bybit.environments import BYBIT

BASE_DIR = Path(__file__).resolve().parent.parent
DATA_DIR = Path(env_str("DATA_DIR") or BASE_DIR / "var").resolve()

# --- which stack -------------------------------------------------------------------------------
DATABASE_URL = env_secret("DATABASE_URL")
REDIS_URL = env_secret("REDIS_URL")
EMBEDDED = not DATABASE_URL and not REDIS_URL
if EMBEDDED and (DATA_DIR / "secret.env").exists():
    read_env_file(DATA_DIR / "secret.env")

# The role taken on PostgreSQL: the weakest unless told otherwise. "login" is whoever DATABASE_URL names:
# the test suite starts so; anything else refuses to start if row-level security does not bind that login.
AILONA_ROLE = env_choice("AILONA_ROLE", ("web", "engine", "ops", "migrator", "login")) or (
    "web" if DATABASE_URL else ""
)
LISTEN = env_str("LISTEN", "127.0.0.1:8000")
LISTENS_ON_LOOPBACK = LISTEN.rpartition(":")[0].strip("[]") in {"127.0.0.1", "localhost", "::1"}
DEBUG = env_bool("DEBUG")
BEHIND_HTTPS = env_bool("BEHIND_HTTPS", default=not EMBEDDED)

# --- secrets -----------------------------------------------------------------------------------
# A command of the embedded stack that runs before its secrets exist gets a key that dies with it.
SECRET_KEY = env_secret("SECRET_KEY") or (secrets.token_urlsafe(64) if EMBEDDED else "")
SECRET_KEY_FALLBACKS = env_list("SECRET_KEY_FALLBACKS")
VENUE_CONTROL_TOKEN = env_secret("VENUE_CONTROL_TOKEN")
TRADER_PUBLIC_KEY = env_secret("TRADER_PUBLIC_KEY")
# Only the trader's process is given these two.
TRADER_PRIVATE_KEY = env_secret("TRADER_PRIVATE_KEY")
MASTER_KEYS = env_secret("MASTER_KEYS")

# --- the market --------------------------------------------------------------------------------
VENUE_URL = env_str("VENUE_URL", "http://127.0.0.1:8100")
MARKET = env_choice("MARKET", ("synthetic", "replay", "bybit"), "synthetic")
VENUE_MARKET = "upstream" if MARKET == "bybit" else MARKET
UPSTREAM_REST = env_str("UPSTREAM_REST", BYBIT["mainnet"].rest)
UPSTREAM_STREAM = env_str("UPSTREAM_STREAM", BYBIT["mainnet"].public_stream)
CANDLES = env_list("CANDLES")
SPEED = env_float("SPEED", default=1.0)
MARKET_DATA = env_str("MARKET_DATA") or str(BASE_DIR.parent / "shared" / "market-data")

# --- applications ------------------------------------------------------------------------------
INSTALLED_APPS = [
    "ailona",
    "accounts",
    "conditions",
    "bots",
    "analytics",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "csp",
    "django_htmx",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "accounts.middleware.WorkspaceMiddleware",
]
ROOT_URLCONF = "ailona.urls"
ASGI_APPLICATION = "ailona.asgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "bots.pages.shell.shell",
            ],
            "libraries": {"kit": "ailona.kit.templatetags.kit"},
        },
    },
]

# --- data --------------------------------------------------------------------------------------
DATABASES: dict[str, dict[str, Any]]
if DATABASE_URL:
    _pool = env_bool("DATABASE_POOL", default=AILONA_ROLE == "web")
    # The migrator becomes its role after it has made sure that the role exists (accounts.apps).
    _role = "" if AILONA_ROLE in {"migrator", "login"} else AILONA_ROLE
    DATABASES = {
        "default": postgresql_database(DATABASE_URL, role=_role, pool=_pool),
        # Operators read every workspace, without ciphertext, through a role of their own.
        "ops": postgresql_database(env_secret("OPS_DATABASE_URL") or DATABASE_URL, role=_role and "ops"),
    }
else:
    DATABASES = {"default": sqlite_database(DATA_DIR / "ailona.sqlite3")}
OPS_DATABASE = "ops" if "ops" in DATABASES else "default"

if REDIS_URL:
    CACHES: dict[str, dict[str, Any]] = {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": REDIS_URL,
            "KEY_PREFIX": "ailona",
        }
    }
    CHANNEL_LAYERS: dict[str, dict[str, Any]] = {
        "default": {
            "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
            "CONFIG": {"hosts": [REDIS_URL], "prefix": "ailona"},
        }
    }
else:
    CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    # Messages beyond the capacity vanish without a word; the default is 100.
    CHANNEL_LAYERS = {
        "default": {"BACKEND": "channels.layers.InMemoryChannelLayer", "CONFIG": {"capacity": 20000}}
    }

# --- people ------------------------------------------------------------------------------------
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS: list[dict[str, Any]] = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ADMIN_PATH = "/admin/"
ACCOUNT_ADAPTER = "accounts.adapters.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "https" if BEHIND_HTTPS else "http"

# --- mail --------------------------------------------------------------------------------------
DEFAULT_FROM_EMAIL = env_str("MAIL_FROM", "AI-Lona <noreply@localhost>")
EMAIL_HOST = env_str("EMAIL_HOST")
EMAIL_PORT = int(env_str("EMAIL_PORT", "587"))
EMAIL_HOST_USER = env_str("EMAIL_HOST_USER")
EMAIL_HOST_PASSWORD = env_secret("EMAIL_HOST_PASSWORD")
EMAIL_USE_TLS = env_bool("EMAIL_USE_TLS", default=True)
EMAIL_TIMEOUT = 10
EMAIL_BACKEND = (
    "django.core.mail.backends.smtp.EmailBackend" if EMAIL_HOST else "accounts.mailbox.MailboxBackend"
)

# --- the browser -------------------------------------------------------------------------------
ALLOWED_HOSTS = env_list("ALLOWED_HOSTS", ("localhost", "127.0.0.1", "[::1]") if EMBEDDED else ())
CSRF_TRUSTED_ORIGINS = env_list("CSRF_TRUSTED_ORIGINS")
CONTENT_SECURITY_POLICY: dict[str, Any] = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF],
        "style-src": [SELF],
        "connect-src": [SELF],
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
        "base-uri": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    },
}
SESSION_COOKIE_NAME = "__Host-ailona" if BEHIND_HTTPS else "ailona"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = BEHIND_HTTPS
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 14 * 24 * 3600
CSRF_COOKIE_NAME = "__Host-ailona-csrf" if BEHIND_HTTPS else "ailona-csrf"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SECURE_SSL_REDIRECT = BEHIND_HTTPS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if env_bool("TRUST_PROXY") else None
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if BEHIND_HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = BEHIND_HTTPS
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"

STATIC_URL = "/static/"
STATICFILES_DIRS: list[Any] = [
    ("vendor/lightweight-charts", BASE_DIR / "node_modules/lightweight-charts/dist"),
    BASE_DIR / "static",
]
STATIC_ROOT = DATA_DIR / "static"
WHITENOISE_USE_FINDERS = WHITENOISE_AUTOREFRESH = EMBEDDED
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if EMBEDDED
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}

# --- API ---------------------------------------------------------------------------------------
REST_FRAMEWORK: dict[str, Any] = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["accounts.api.access.SessionLogin"],
    "DEFAULT_PERMISSION_CLASSES": [
        "rest_framework.permissions.IsAuthenticated",
        "accounts.api.access.MemberMay",
    ],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["ailona.kit.api.StrictJSONParser"],
    "EXCEPTION_HANDLER": "ailona.kit.api.handle",
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "COERCE_DECIMAL_TO_STRING": True,
}
SPECTACULAR_SETTINGS: dict[str, Any] = {
    "TITLE": "AI-Lona API",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    # All are called "state" where they stand.
    "ENUM_NAME_OVERRIDES": {
        "BotState": "bots.models.BotState",
        "StudyState": "bots.models.StudyState",
        "BacktestState": "analytics.models.BacktestState",
        "InterferenceEnum": "accounts.models.Interference",
    },
}

# --- backtests ---------------------------------------------------------------------------------
BACKTESTS_AT_ONCE = env_int("BACKTESTS_AT_ONCE", default=3)
BACKTESTS_PER_DAY = env_int("BACKTESTS_PER_DAY", default=100)
BACKTESTS_KEPT = env_int("BACKTESTS_KEPT", default=200)
BACKTEST_CANDLES = env_int("BACKTEST_CANDLES", default=1_600_000)
BACKTEST_SECONDS = env_int("BACKTEST_SECONDS", default=600)
BACKTEST_MEMORY_MB = env_int("BACKTEST_MEMORY_MB", default=3_000)

# --- tasks -------------------------------------------------------------------------------------
CELERY_BROKER_URL = REDIS_URL or "memory://localhost/"
# Each transport refuses, or breaks on, the options of the other.
CELERY_BROKER_TRANSPORT_OPTIONS: dict[str, Any] = (
    {"visibility_timeout": 300, "unacked_restore_interval": 5, "unacked_restore_throttle": 1}
    if REDIS_URL
    else {"polling_interval": 0.01}
)
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
if EMBEDDED:
    CELERY_DB_REUSE_MAX = 10_000  # a SQLite connection doesn't go stale; opening one costs more than a task
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_REDIRECT_STDOUTS = False
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = True
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TIMEZONE = "UTC"

# --- words and time ----------------------------------------------------------------------------
LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = True

# --- logs: no bodies, no credentials -----------------------------------------------------------
LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"scrub": {"()": "ailona.kit.scrub.ScrubFilter"}},
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["scrub"]}},
    "root": {"handlers": ["stderr"], "level": env_str("LOG_LEVEL", "INFO")},
    "loggers": {
        "django.server": {"handlers": ["stderr"], "propagate": False},
        "httpx": {"level": "WARNING"},
        "asyncio": {"level": "WARNING"},
    },
}
