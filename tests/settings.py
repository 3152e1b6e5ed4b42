"""The project's settings with the tests' own app: what pytest and the processes that it starts run on."""

from doplatform.settings import *  # noqa: F403
from doplatform.settings import INSTALLED_APPS as _PRODUCT

INSTALLED_APPS = [*_PRODUCT, "tests.app"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
