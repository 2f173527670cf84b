"""Settings, read from environment variables; README.md lists them."""

import base64
import hashlib
import warnings
from datetime import timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import django_stubs_ext
from django.core.exceptions import ImproperlyConfigured

from llmselect_project.config import answers, content_policy, cors, documentation, files, imports, providers
from llmselect_project.config.databases import databases
from llmselect_project.config.environment import (
    boolean,
    choice,
    days,
    env,
    integer,
    listed,
    networks,
    rate,
    required,
    seconds,
)
from perf.caching.redis import redis_cache
from perf.serving.logs import json_logging

django_stubs_ext.monkeypatch()  # lets Django's generic classes be subscripted at run time

BASE_DIR = Path(__file__).resolve().parent.parent
VERSION = "0.2.0"

DJANGO_ENV = env.str("DJANGO_ENV", default="")
if DJANGO_ENV != "testing":  # a developer's .env must not change what the tests see
    env.read_env(BASE_DIR / ".env")
    DJANGO_ENV = choice("DJANGO_ENV", "development", ("development", "production", "testing"))
PRODUCTION = DJANGO_ENV == "production"
TESTING = DJANGO_ENV == "testing"
DEBUG = DJANGO_ENV == "development"

# Secrets and hosts

if PRODUCTION:
    required(["SECRET_KEY", "ENCRYPTION_KEY", "ALLOWED_HOSTS"])
SECRET_KEY = env.str("SECRET_KEY", default="") or "insecure-development-key-that-production-refuses"
_digest = hashlib.sha256(SECRET_KEY.encode()).digest()
ENCRYPTION_KEYS = listed("ENCRYPTION_KEY") or [base64.urlsafe_b64encode(_digest).decode()]
ALLOWED_HOSTS = listed("ALLOWED_HOSTS", "localhost,127.0.0.1")

# Applications

INSTALLED_APPS = [
    "llmselect_project.apps.ProjectConfig",
    "conversations.apps.ConversationsConfig",
    "models_registry.apps.ModelsRegistryConfig",
    "perf.apps.PerfConfig",
    "llmselect_project.apps.SiteConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "corsheaders",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
]
MIDDLEWARE = [
    "perf.middleware.TimingMiddleware",
    "llmselect_project.config.content_policy.ContentPolicyMiddleware",
    "llmselect_project.api.middleware.EnvelopeMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "corsheaders.middleware.CorsMiddleware",
    "llmselect_project.accounts.page_middleware.PageSessions",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "llmselect_project.accounts.page_middleware.PageUsers",
    "llmselect_project.accounts.page_middleware.PageMessages",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "llmselect_project.urls"
WSGI_APPLICATION = "llmselect_project.wsgi.application"
APPEND_SLASH = False
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

# The debug toolbar covers parts of pages, and would make API calls many times slower.
if DEBUG and boolean("DEBUG_TOOLBAR", default=False):
    if find_spec("debug_toolbar") is None:
        raise ImproperlyConfigured("DEBUG_TOOLBAR=true needs `pip install -r requirements.txt`, or `make test` once.")
    INSTALLED_APPS.append("debug_toolbar")
    MIDDLEWARE.insert(5, "debug_toolbar.middleware.DebugToolbarMiddleware")
    INTERNAL_IPS = ["127.0.0.1", "::1"]
    shown = "llmselect_project.api.middleware.wants_debug_toolbar"
    DEBUG_TOOLBAR_CONFIG = {"SHOW_TOOLBAR_CALLBACK": shown, "SHOW_COLLAPSED": True}

# Database

SERVE_THREADS = integer("SERVE_THREADS", 256, minimum=33)
DATABASES = databases(BASE_DIR, production=PRODUCTION, threads=SERVE_THREADS)
# Seconds that a statement of a request may wait for a lock, and may take; 0 means no limit. Commands have none.
DB_LOCK_TIMEOUT = integer("DB_LOCK_TIMEOUT", 5)
DB_STATEMENT_TIMEOUT = integer("DB_STATEMENT_TIMEOUT", 30)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Cache

REDIS_URL = env.str("REDIS_URL", default="")
CACHES: dict[str, dict[str, Any]] = {
    "default": redis_cache(REDIS_URL, connections=SERVE_THREADS + 64)
    if REDIS_URL
    else {"BACKEND": "perf.caching.entries.MemoryCache", "OPTIONS": {"MAX_ENTRIES": 20_000}}
}
CONVERSATION_CACHE_TTL = integer("CONVERSATION_CACHE_TTL", 300)
MODEL_CACHE_TTL = integer("MODEL_CACHE_TTL", 86_400)
FRONT_CACHE_ENTRIES = integer("FRONT_CACHE_ENTRIES", 10_000)  # responses that each worker answers without Django
FRONT_CACHE_SIZE = integer("FRONT_CACHE_SIZE", 60_000_000)  # bytes of them
USER_STATE_TTL = 60

# Serving

HOST = env.str("HOST", default="") or "127.0.0.1"
PORT = integer("PORT", 3044)
SERVE_WORKERS, SERVE_PIN = integer("SERVE_WORKERS", 1, minimum=1), choice("SERVE_PIN", "auto", ("auto", "off"))
SHUTDOWN_GRACE = integer("SHUTDOWN_GRACE", 30, minimum=4)  # seconds for running requests after SIGTERM
WORKER_TIMEOUT = integer("WORKER_TIMEOUT", 10, minimum=2)  # seconds without a heartbeat before it is replaced
# Chats, comparisons and streams leave this many threads to lists, logins and health.
COMPLETION_SLOTS = SERVE_THREADS - 32
REQUEST_BODY_LIMIT, GATEWAY_BODY_LIMIT = 2_000_000, 20_000_000  # bytes; of the latter, images and files
DATA_UPLOAD_MAX_MEMORY_SIZE = 500_000  # bytes of a form; reading one takes longer than reading JSON
# A body may take so many seconds, and one more for each so many bytes received.
REQUEST_BODY_TIMEOUT = seconds("REQUEST_BODY_TIMEOUT", 10.0)
REQUEST_BODY_RATE = integer("REQUEST_BODY_RATE", 10_000, minimum=1)
# Bodies that may be waited for at once; each takes a thread beyond SERVE_THREADS and a reader.
BODY_WAITERS = 6 * SERVE_THREADS
SLOW_REQUEST_MS = integer("SLOW_REQUEST_MS", 500)
SLOW_QUERY_MS = integer("SLOW_QUERY_MS", 100)
TIMING = boolean("TIMING", default=True)
ROLL_UP_INTERVAL = integer("ROLL_UP_INTERVAL", 30, minimum=1)  # seconds between summing up usage
JOB_THREADS = integer("JOB_THREADS", 2)  # jobs of the background at once, in a process beside; 0 leaves them to others
# Seconds between flushes of figures; 0 disables them, as in tests.
TIMING_INTERVAL = integer("TIMING_INTERVAL", 0 if TESTING else 5)

# Who may read /metrics.
METRICS_OPEN = not PRODUCTION
METRICS_TOKEN = env.str("METRICS_TOKEN", default="").strip()
METRICS_NETWORKS = networks("METRICS_NETWORKS")

STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
# Without collected files, as in a fresh checkout, they are served from the packages.
WHITENOISE_USE_FINDERS = not STATIC_ROOT.is_dir()
warnings.filterwarnings("ignore", "No directory at", UserWarning)
WHITENOISE_AUTOREFRESH = False

IMPORT_FOLDER, IMPORT_SIZE_LIMIT = imports.folder(BASE_DIR, DATABASES["default"]), imports.limit()
# Files of users: the storage, and how many bytes one file and all of a user may have.
STORAGES = files.storages(BASE_DIR, DATABASES["default"])
FILE_SIZE_LIMIT, FILES_QUOTA = files.limits()

# Security

TRUSTED_PROXIES = integer("TRUSTED_PROXIES", 0)
if TRUSTED_PROXIES:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_SSL_REDIRECT = boolean("SECURE_SSL_REDIRECT", default=PRODUCTION)
SECURE_REDIRECT_EXEMPT = [r"^health(/|$)", r"^metrics$"]
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT
CSRF_TRUSTED_ORIGINS = listed("CSRF_TRUSTED_ORIGINS")
SECURE_HSTS_SECONDS = 31_536_000 if SECURE_SSL_REDIRECT else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = SECURE_SSL_REDIRECT

CONTENT_SECURITY_POLICY = content_policy.PAGES

CORS_ALLOWED_ORIGINS = listed("CORS_ORIGINS", "http://localhost:3000,http://localhost:5173" if DEBUG else "")
CORS_URLS_REGEX = cors.PATHS
CORS_ALLOW_HEADERS, CORS_EXPOSE_HEADERS = cors.REQUEST_HEADERS, cors.RESPONSE_HEADERS

# Accounts

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
if TESTING:
    PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
AUTHENTICATION_BACKENDS = ["llmselect_project.accounts.guesses.CountingBackend"]
LOGIN_URL = "/admin/login/"
LOGIN_REDIRECT_URL = LOGOUT_REDIRECT_URL = "/admin/"
ALLOW_OPEN_REGISTRATION = boolean("ALLOW_OPEN_REGISTRATION", default=False)
REGISTRATION_TOKEN = env.str("REGISTRATION_TOKEN", default="")
REFRESH_REUSE_WINDOW = timedelta(seconds=10)
SIMPLE_JWT = {
    "ALGORITHM": "HS256",
    "ACCESS_TOKEN_LIFETIME": timedelta(minutes=15),
    "REFRESH_TOKEN_LIFETIME": timedelta(days=14),
}
RATE_LIMITS = {
    "completion": None if TESTING else rate("API_RATE_LIMIT", "60/min"),
    "login": None if TESTING else rate("LOGIN_RATE_LIMIT", "10/min"),
    "share": None if TESTING else rate("SHARE_RATE_LIMIT", "60/min"),
    "registration": None if TESTING else rate("REGISTRATION_RATE_LIMIT", "5/min"),
}

# Providers

ECHO_PROVIDER = not PRODUCTION
SYSTEM_API_KEYS = providers.system_keys()
PROVIDER_BASE_URLS = providers.base_urls()
PROVIDER_CONNECT_TIMEOUT = seconds("PROVIDER_CONNECT_TIMEOUT", 5.0)  # seconds
# Seconds to the first byte, and then between chunks: models that reason are silent for minutes.
PROVIDER_READ_TIMEOUT = seconds("PROVIDER_READ_TIMEOUT", 600.0)
# Whether a gateway's 504 is tried again: the model behind it may have written, and charged for, the whole answer.
PROVIDER_RETRY_504 = boolean("PROVIDER_RETRY_504", default=False)
THINK_TAGS = providers.think_tags()
# Seconds for which storing an answer is retried while the database is down.
ANSWER_STORE_SECONDS = integer("ANSWER_STORE_SECONDS", 1 if TESTING else 15)
STREAM_HEARTBEAT = seconds("STREAM_HEARTBEAT", 15.0)  # seconds of silence before a comment
ON_DISCONNECT, STREAM_KEEP_SECONDS, ANSWERS_PER_USER = answers.read(COMPLETION_SLOTS)
PROMPT_CACHING = boolean("PROMPT_CACHING", default=True)  # where a vendor wants to be asked for it

# Retention: what `manage.py prune` deletes by its age; None keeps it
RETAIN_CONVERSATIONS, RETAIN_COMPARISONS = days("RETAIN_CONVERSATIONS"), days("RETAIN_COMPARISONS")

# REST framework and OpenAPI

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "llmselect_project.tokens.authentication.ApiTokenAuthentication",
        "llmselect_project.accounts.authentication.SessionTokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": [
        "perf.api.rendering.OrjsonRenderer",
        "llmselect_project.api.browsable.BrowsableAPI",
    ],
    "DEFAULT_PARSER_CLASSES": ["llmselect_project.api.parsers.BoundedJSONParser"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "llmselect_project.api.negotiation.JSONUnlessHTML",
    "DEFAULT_PAGINATION_CLASS": "perf.api.pagination.KeysetPagination",
    "DEFAULT_THROTTLE_CLASSES": ["llmselect_project.api.throttling.ScopedThrottle"],
    "DEFAULT_SCHEMA_CLASS": "llmselect_project.api.schema.ApiSchema",
    "EXCEPTION_HANDLER": "llmselect_project.api.envelope.envelope_handler",
    "URL_FORMAT_OVERRIDE": None,
    "PAGE_SIZE": 20,
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "LLMSelect",
    "TAGS": documentation.TAGS,
    "SORT_OPERATIONS": "llmselect_project.api.schema.place_of",
    "DESCRIPTION": "Chat with any model of any provider, compare models side by side, keep every conversation.",
    "VERSION": VERSION,
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_AUTHENTICATION": [],
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SWAGGER_UI_DIST": "SIDECAR",
    # Otherwise the page lets validator.swagger.io fetch the schema.
    "SWAGGER_UI_SETTINGS": {"deepLinking": True, "validatorUrl": None},
    "COMPONENT_SPLIT_REQUEST": True,
    "COMPONENT_SPLIT_PATCH": False,  # what PATCH takes is required, as elsewhere
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "llmselect_project.api.schema.complete_components",
        "llmselect_project.api.schema.refuse_unknown_fields",
    ],
    "ENUM_NAME_OVERRIDES": documentation.ENUM_NAMES,
}

# Language, time, logs
LANGUAGE_CODE = "en-us"
TIME_ZONE = "UTC"
USE_I18N = False
USE_TZ = True
FORMAT_MODULE_PATH = ["llmselect_project.config.formats"]

LOG_LEVEL = choice("LOG_LEVEL", "INFO", ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"))
LOGGING = json_logging(LOG_LEVEL)
