"""The project's settings with the tests' own app: what pytest and the processes that it starts run on."""

import json
import os

from doplatform.settings import *  # noqa: F403
from doplatform.settings import DOPLATFORM as _KNOBS
from doplatform.settings import INSTALLED_APPS as _PRODUCT

INSTALLED_APPS = [*_PRODUCT, "tests.app"]
AXES_ENABLED = False  # what counts wrong passwords has tests of its own
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
# Processes that tests start get their shortened times as JSON, such as {"LEASE": 2}.
_SECRETS = {"SECRET_KEYS": ["DAecF31ijrd6zync48p-J3XrwwlROzdXg0Y6a74e_vc="]}
DOPLATFORM = {**_KNOBS, **_SECRETS, **json.loads(os.environ.get("DO_TEST_KNOBS", "{}"))}
