"""Settings of the project, all from the environment (docs/operations.md lists them)."""

from datetime import timedelta

from actions import conf
from doplatform import env, paths

BASE_DIR = paths.BASE
DATA = paths.data_folder()

DEBUG = env.flag("DEBUG", default=False)
_key_file = DATA / "secret_key"
_embedded_key = _key_file.read_text(encoding="utf-8").strip() if _key_file.exists() else None
SECRET_KEY = env.text(
    "SECRET_KEY",
    _embedded_key,
    missing=f"There is no key in {DATA}: `manage.py up` makes one, DO_DATA names another folder, or set SECRET_KEY.",
)
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]")
CSRF_TRUSTED_ORIGINS = env.words("CSRF_TRUSTED_ORIGINS")

INSTALLED_APPS = [
    "doplatform.faces.Admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "axes",
    "django_htmx",
    "django_rq",
    "ninja",  # its files for the API's page
    "actions",
    "doplatform",
]
if env.flag("DEMO", default=True):
    INSTALLED_APPS.append("doplatform.demo")

MIDDLEWARE = [
    "actions.incoming.RequestId",
    "actions.api.entrance.Entrance",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "doplatform.probes.Probes",
    "actions.dashboard.security.Headers",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "doplatform.urls"
WSGI_APPLICATION = "doplatform.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        # Templates of the installation go first: one of the same name takes the place of ours.
        "DIRS": [*env.folders("TEMPLATE_DIRS"), BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

DATABASES = {
    "default": {
        **env.database(env.text("DATABASE_URL", paths.database_url(DATA))),
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
    },
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = env.text("REDIS_URL", paths.redis_url(DATA))
# django-rq names the queues and their Redis; doplatform brings its own worker command, serializer and pages.
RQ_QUEUES = {name: {"URL": REDIS_URL} for name in env.words("QUEUES", "default")}
RQ_SHOW_ADMIN_LINK = False

# Every knob of actions.conf that the environment names; the others have their defaults.
DOPLATFORM: dict[str, object] = env.knobs(conf.Settings, {"SECRET_KEYS": "SECRET_FIELD_KEYS"})

AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "doplatform.permissions.Backend"]
# Five wrong passwords for one name from one address, and that pair waits.
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_LOCKOUT_CALLABLE = "actions.dashboard.entrance.locked"
AXES_CLIENT_IP_CALLABLE = "actions.incoming.address"
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_RESET_ON_SUCCESS = True
AXES_DISABLE_ACCESS_LOG = True
AXES_ENABLE_ADMIN = False
AXES_VERBOSE = False

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]

LANGUAGE_CODE = "en"
TIME_ZONE = env.text("TIME_ZONE", "UTC")
USE_I18N = True
USE_TZ = True

STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STATICFILES_DIRS = [*env.folders("STATIC_DIRS"), BASE_DIR / "static"]
WHITENOISE_USE_FINDERS = True

# HTTPS is the rule; `manage.py up` on a developer's machine says HTTPS=False.
HTTPS = env.flag("HTTPS", default=True)
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SECURE_SSL_REDIRECT = HTTPS
SECURE_HSTS_SECONDS = env.number("HSTS_SECONDS", 31_536_000 if HTTPS else 0)
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
if env.flag("BEHIND_PROXY", default=False):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
if HTTPS:
    # Browsers keep such a name only for this very host, over HTTPS: no neighbour can set it.
    SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = "__Host-session", "__Host-csrf"
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
CSRF_FAILURE_VIEW = "actions.dashboard.problems.foreign_form"

LOGIN_URL = "console:login"

LOGGING_CONFIG = "doplatform.logs.configure"
LOG_FORMAT = env.choice("LOG_FORMAT", "console", ("console", "plain", "json"))
LOG_LEVEL = env.text("LOG_LEVEL", "INFO")
LOGGING = {"format": LOG_FORMAT, "level": LOG_LEVEL}
