"""The project's settings with the benchmarks' own app: what all processes of a benchmark run on."""

import json

from doplatform import env
from doplatform.settings import *  # noqa: F403
from doplatform.settings import DOPLATFORM as _PRODUCT_KNOBS
from doplatform.settings import INSTALLED_APPS as _PRODUCT

INSTALLED_APPS = [*_PRODUCT, "benchmarks.app"]
ROOT_URLCONF = "benchmarks.app.urls"
DOPLATFORM = {**_PRODUCT_KNOBS, **json.loads(env.text("BENCHMARK_KNOBS", "{}"))}
