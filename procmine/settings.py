"""Settings: everything comes from the environment (docs/configuration.md), and every default suits a laptop."""

import secrets
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Any
from urllib.parse import quote

import dj_database_url
from csp.constants import NONE, SELF
from environs import validate

from foundation.http.addresses import check_entry
from procmine import __version__, location
from procmine.env import each, env, kept_secret

BASE_DIR = location.BASE_DIR
VERSION = __version__
SOURCE_URL = env.str("SOURCE_URL", "")  # where the source of the running version is offered; empty: we serve it

# --- Where things live ----------------------------------------------------------------
COMMAND = location.COMMAND
CHILD_ENVIRONMENT = location.CHILD_ENVIRONMENT
VAR = Path(env.str("VAR", str(location.state_folder()))).resolve()  # database, keys, ports
SECRET_KEY = env.str("SECRET_KEY", "") or kept_secret(VAR / "secret_key")
SECRET_KEY_FALLBACKS: list[str] = env.list("SECRET_KEY_FALLBACKS", [])  # keys of before: read by, never written by
INSTALLATION = env.str("INSTALLATION", "") or kept_secret(VAR / "installation", secrets.token_hex(4))

# --- Web ------------------------------------------------------------------------------
DEBUG = env.bool("DEBUG", False)
ALLOWED_HOSTS: list[str] = env.list("ALLOWED_HOSTS", ["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS: list[str] = env.list("TRUSTED_ORIGINS", [])
HTTPS = env.bool("HTTPS", False)  # behind a proxy that speaks TLS: secure cookies, HSTS
TRUSTED_PROXIES: list[str] = env.list(  # whose X-Forwarded-* headers count
    "TRUSTED_PROXIES", ["127.0.0.1", "::1"] if HTTPS else [], validate=each(ip_network)
)
ROOT_URLCONF = "procmine.urls"
ASGI_APPLICATION = "procmine.asgi.application"
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024  # 5 MiB, the limit of a batch of events
MAX_UPLOAD_MB = env.int("MAX_UPLOAD_MB", 512)  # MiB of a log file that is sent to the API

INSTALLED_APPS = [
    "django.contrib.admin.apps.SimpleAdminConfig",  # urls.py finds the admin's modules: only the web needs them
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "csp",
    "rest_framework",
    "django_filters",
    "knox",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "channels",
    "axes",
    "auditlog",
    "procmine",
    "accounts",
    "live",
    "sheets",
    "rules",
    "simulations",
    "models_mining",
    "streams",
    "foundation",
    "simulator",
]

MIDDLEWARE = [
    "foundation.http.request_ids.RequestMiddleware",
    "procmine.site.metrics.CountRequests",
    "django.middleware.security.SecurityMiddleware",
    "procmine.web.headers.isolate",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "foundation.http.request_ids.SlashMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "foundation.http.page_limit.PageLimit",
    "accounts.history.remember_request",
    "accounts.sign_in.without_nul",
    "axes.middleware.AxesMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "foundation.pages.refusals.RefusalPage",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [location.RESOURCES / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "procmine.web.context.about",
                "rules.pages.context.unseen",
            ],
        },
    }
]

STATIC_URL = "static/"
STATICFILES_DIRS = [location.RESOURCES / "static"]
STATIC_ROOT = VAR / "static"
STORAGES = {"staticfiles": {"BACKEND": "procmine.web.static_files.VersionedStorage"}}

LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "login"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]

SESSION_COOKIE_NAME = "procmine_session"  # cookies ignore ports: other Django sites on localhost keep theirs
CSRF_COOKIE_NAME = "procmine_csrf"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = HTTPS
SECURE_REDIRECT_EXEMPT = ["^healthz$", "^readyz$"]  # monitors ask without the proxy
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
# Whether browsers carry a whole domain in their lists is for its owner to say, not for one service below it.
SILENCED_SYSTEM_CHECKS = ["security.W021"]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
SECURE_REFERRER_POLICY = "same-origin"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}

# --- Sign-in and history --------------------------------------------------------------
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "django.contrib.auth.backends.ModelBackend"]
AXES_FAILURE_LIMIT = env.int("LOGIN_FAILURES", 5, validate=validate.Range(1))  # of one name from one address, then
AXES_COOLOFF_TIME = timedelta(minutes=env.float("LOGIN_LOCK_MINUTES", 15.0, validate=validate.Range(0.01)))
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]  # so that nobody locks another out from afar
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False  # it ends for certain
AXES_RESET_ON_SUCCESS = True
AXES_DISABLE_ACCESS_LOG = True  # users carry their last sign-in; every page view would be a row
AXES_ENABLE_ADMIN = False  # `manage.py axes_reset_username` unlocks
AXES_LOCKOUT_CALLABLE = "accounts.sign_in.locked_out"
AXES_USERNAME_CALLABLE = "accounts.sign_in.name"
AXES_CLIENT_IP_CALLABLE = "accounts.sign_in.address"
AXES_VERBOSE = False
AUDITLOG_STORE_JSON_CHANGES = AUDITLOG_DISABLE_ON_RAW_SAVE = True
AUDITLOG_MASK_CALLABLE = "accounts.history.hidden"

LANGUAGE_CODE = "en-gb"
USE_I18N = False
USE_TZ = True
TIME_ZONE = "UTC"

# --- Database -------------------------------------------------------------------------
DATABASES: dict[str, Any] = {
    "default": dj_database_url.parse(env.str("DATABASE_URL", "") or f"sqlite:///{quote(str(VAR / 'procmine.sqlite3'))}")
}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",  # no upgrade of a read lock, so no deadlock
        "timeout": 20,
        # an acknowledged event survives a power cut (FULL); readers never wait for the writer (WAL)
        "init_command": "PRAGMA journal_mode=WAL;PRAGMA synchronous=FULL;PRAGMA cache_size=-262144;",
    }
    # A file, so that the threads and processes of a test see the same tables.
    DATABASES["default"]["TEST"] = {"NAME": str(VAR / "test.sqlite3")}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- Hints and groups between processes -----------------------------------------------
REDIS_URL = env.str("REDIS_URL", "")  # empty: one machine, loopback only
CHANNEL_LAYERS: dict[str, Any] = {
    "default": (
        {"BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer", "CONFIG": {"hosts": [REDIS_URL]}}
        if REDIS_URL
        else {"BACKEND": "channels.layers.InMemoryChannelLayer"}
    )
}

# --- Ingestion ------------------------------------------------------------------------
# names, addresses and networks where brokers may be; none: anywhere
BROKER_HOSTS: list[str] = env.list("BROKER_HOSTS", [], validate=each(check_entry))
BROKER_PORT = env.int("BROKER_PORT", 1883)  # of the embedded broker; a free one if taken
INGEST_BATCH = env.int("INGEST_BATCH", 500)  # most events in one transaction
INGEST_RECEIVE_MAXIMUM = env.int("INGEST_RECEIVE_MAXIMUM", 2000)  # unacknowledged messages in flight
MAX_NEW_LOGS = env.int("MAX_NEW_LOGS", 100)  # logs that one stream may open by process name
REJECTIONS = env.int("REJECTIONS", 10_000, validate=validate.Range(1))  # kept of one stream or file, the newest
LEASE_S = env.float("LEASE_S", 15.0)  # after so long without a word another process takes a piece of work over

# --- Mining ---------------------------------------------------------------------------
TREE_NODES = env.int("TREE_NODES", 1_000_000)  # budget of a log's prefix tree
TREE_DEPTH = env.int("TREE_DEPTH", 500)  # events of a case that the tree remembers
CLOSED_CASES = env.int("CLOSED_CASES", 100_000)  # of a log kept in memory; older ones are read back if they return
CHECKPOINT_S = env.float("CHECKPOINT_S", 60.0)
CHECKPOINT_EVENTS = env.int("CHECKPOINT_EVENTS", 200_000)
DASK = env.str("DASK", "")  # scheduler of a cluster that mines from nothing; empty: the processors of this machine
WORK_SECONDS = env.float("WORK_SECONDS", 120.0)  # that one derivation of a slow model may take
WORK_MEMORY_MB = env.int("WORK_MEMORY_MB", 2048)  # that one may take beside what the worker holds
# most events that one filtered picture, or one piece of a replay, is mined from
SELECTION_EVENTS = env.int("SELECTION_EVENTS", 500_000, validate=validate.Range(1))
JOB_SECONDS = env.float("JOB_SECONDS", 3600.0)  # that one job may take

# --- Live socket ----------------------------------------------------------------------
LIVE_CONNECTIONS = env.int("LIVE_CONNECTIONS", 500)  # of one web process
LIVE_CONNECTIONS_A_USER = env.int("LIVE_CONNECTIONS_A_USER", 10)
LIVE_SUBSCRIPTIONS = env.int("LIVE_SUBSCRIPTIONS", 20)  # of one connection

# --- Rules, notifiers and sheets ------------------------------------------------------
RULE_CASES = env.int("RULE_CASES", 100_000, validate=validate.Range(1))  # that one rule remembers something of
PUBLIC_URL = env.str("PUBLIC_URL", "http://127.0.0.1:8000", validate=validate.URL(require_tld=False)).rstrip("/")
# names, addresses and networks where notifications may go beside the public internet
NOTIFY_HOSTS: list[str] = env.list("NOTIFY_HOSTS", [], validate=each(check_entry))
SHEET_HOLD_S = env.float("SHEET_HOLD_S", 3.0, validate=validate.Range(0, 30))  # a report waits for a sheet

# --- Mail -----------------------------------------------------------------------------
EMAIL_HOST = env.str("EMAIL_HOST", "")  # empty: no notifier of the kind email is delivered
EMAIL_PORT = env.int("EMAIL_PORT", 25)
EMAIL_HOST_USER = env.str("EMAIL_USER", "")
EMAIL_HOST_PASSWORD = env.str("EMAIL_PASSWORD", "")
_EMAIL_SECURITY = env.str("EMAIL_SECURITY", "none", validate=validate.OneOf(["none", "starttls", "tls"]))
EMAIL_USE_TLS, EMAIL_USE_SSL = _EMAIL_SECURITY == "starttls", _EMAIL_SECURITY == "tls"
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env.str("EMAIL_FROM", "procmine@localhost")

# --- REST API -------------------------------------------------------------------------
# Of each user, by all their tokens and browsers; 0: no limit. Pages count too.
LIMIT_READ = env.int("LIMIT_READ", 600, validate=validate.Range(0))  # requests a minute that look
LIMIT_CONTROL = env.int("LIMIT_CONTROL", 60, validate=validate.Range(0))  # requests a minute that change something
LIMIT_EVENTS = env.int("LIMIT_EVENTS", 2_000, validate=validate.Range(0))  # events a second into one log
LIMIT_BURST = env.int("LIMIT_BURST", 20_000, validate=validate.Range(0))  # events that may come at once
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "accounts.authentication.ApiTokenAuthentication",  # first: it makes the 401
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["foundation.access.SignedIn"],
    "DEFAULT_THROTTLE_CLASSES": ["foundation.http.throttles.Requests"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer", "foundation.http.renderers.BrowsableApi"],
    "DEFAULT_PARSER_CLASSES": ["foundation.http.parsers.StrictJson", "rest_framework.parsers.MultiPartParser"],
    "DEFAULT_PAGINATION_CLASS": "foundation.http.lists.Pages",
    "DEFAULT_FILTER_BACKENDS": ["foundation.http.lists.Filters", "foundation.http.lists.Ordering"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "foundation.http.problem_handler.handler",
    "NUM_PROXIES": 0,  # REMOTE_ADDR is the client's already: `procmine.web.proxies`
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
REST_KNOX = {"TOKEN_MODEL": "accounts.Token"}
MIGRATION_MODULES = {"knox": None}  # its own table is not ours, and would hold on to the users
KNOX_TOKEN_MODEL = "accounts.Token"  # noqa: S105  a model's name
SPECTACULAR_SETTINGS = {
    "TITLE": "procmine",
    "DESCRIPTION": "Live process mining: streams, logs, events and the models mined from them.",
    "VERSION": VERSION,
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["foundation.access.SignedIn"],
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "procmine.api.schema.anything_or_null",
        "procmine.api.schema.add_problems",
        "procmine.api.examples.add_examples",
    ],
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_NAME_OVERRIDES": {
        "CaseStateEnum": ["open", "closed"],
        "NotifierKindEnum": "rules.models.Notifier.Kind",
        "PictureKindEnum": ["graph", "petri-net", "process-tree", "bpmn", "powl", "states"],
        "ReferenceKindEnum": "models_mining.models.references.ReferenceModel.Kind",
        "ReferenceStateEnum": ["checking", "ready", "refused"],
    },
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
}

# --- Logging --------------------------------------------------------------------------
LOG_FORMAT = env.str("LOG_FORMAT", "line", validate=validate.OneOf(["line", "json"]))
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {"format": "{asctime} {levelname} {name} [{request_id}]: {message}", "style": "{"},
        "json": {
            "()": "pythonjsonlogger.orjson.OrjsonFormatter",
            "fmt": ["levelname", "name", "message", "request_id", "process", "exc_info"],
            "rename_fields": {"levelname": "level", "name": "logger"},
            "timestamp": "at",
        },
    },
    "filters": {"request_id": {"()": "foundation.http.request_ids.RequestIdFilter"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": LOG_FORMAT, "filters": ["request_id"]}},
    "root": {"handlers": ["stderr"], "level": env.str("LOG_LEVEL", "WARNING")},
    "loggers": {
        name: {"level": env.str("LOG_LEVEL", "INFO")}
        for name in (
            "procmine",
            "accounts",
            "live",
            "sheets",
            "rules",
            "simulations",
            "models_mining",
            "streams",
            "foundation",
            "simulator",
        )
    }
    | {"django.security.DisallowedHost": {"level": "CRITICAL"}},  # each scan of the network would be a page of the log
}

env.seal()
