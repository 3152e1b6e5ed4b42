"""The system checks: each id appears where its fault is, and nowhere else."""

import os
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest
from cryptography.fernet import Fernet
from django.core import checks
from django.urls import include, path
from pydantic import SecretStr

from actions import action
from actions.checks import settings as settings_checks
from actions.definitions.registry import registry

BASE = Path(__file__).resolve().parents[2]


def found(*, deploy=False):
    return {message.id: message for message in checks.run_checks(tags=["doplatform"], include_deployment_checks=deploy)}


def ids(**options):
    return set(found(**options))


@pytest.fixture
def declare():
    """@declare("name", …): an action for one test."""
    names = []

    def declared(name, **policies):
        names.append(name)
        return action(name, **policies)

    yield declared
    for name in names:
        registry.remove(name)
    registry.duplicates.clear()


def test_the_project_itself_is_clean():
    assert ids(deploy=True) == set(), registry.duplicates


def test_e001_two_actions_of_one_name(declare):
    @declare("twin")
    def first() -> None: ...

    @declare("twin")
    def second() -> None: ...

    message = found()["doplatform.E001"]
    assert "first" in message.msg
    assert "second" in message.msg


def test_e003_params_without_a_json_schema(declare):
    @declare("odd")
    def odd(call: Callable[[], None]) -> None: ...

    assert ids() == {"doplatform.E003"}


def test_w001_a_default_that_json_cannot_carry(declare):
    @declare("odd-default")
    def odd(value: object = object()) -> None: ...

    assert ids() == {"doplatform.W001"}


def test_e004_an_unknown_queue(declare):
    @declare("astray", queue="nowhere")
    def astray() -> None: ...

    message = found()["doplatform.E004"]
    assert "'nowhere'" in message.msg
    assert "default" in message.hint


@pytest.mark.parametrize(("policies", "expected"), [({}, {"doplatform.E008"}), ({"atomic": False}, set())])
def test_e008_a_transaction_without_end(declare, policies, expected):
    @declare("endless", timeout=901, **policies)
    def endless() -> None: ...

    assert ids() == expected


def test_async_handlers_of_every_kind_are_fine(declare):
    for effects in ("database", "external", "repeatable"):

        @declare(f"async-{effects}", effects=effects)
        async def handler() -> None: ...

    assert ids() == set()


def test_w005_secrets_without_keys_of_their_own(declare, settings):
    @declare("secretive")
    def secretive(token: SecretStr) -> None: ...

    settings.DOPLATFORM = {}
    assert ids() == set()
    assert ids(deploy=True) == {"doplatform.W005"}
    settings.DOPLATFORM = {"SECRET_KEYS": [Fernet.generate_key().decode()]}
    assert ids(deploy=True) == set()


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"LAESE": 15}, {"doplatform.E005"}),
        ({1: 15}, {"doplatform.E005"}),
        ({"LEASE": "15"}, {"doplatform.E006"}),
        ({"LEASE": True}, {"doplatform.E006"}),
        ({"LEASE": None}, {"doplatform.E006"}),
        ({"LEASE": float("nan")}, {"doplatform.E006"}),
        ({"LEASE": 0}, {"doplatform.E006"}),
        ({"MAX_LOSSES": 2.5}, {"doplatform.E006"}),
        ({"RETENTION_DAYS": -1}, {"doplatform.E006"}),
        ({"SECRET_KEYS": "one"}, {"doplatform.E006"}),
        ({"SECRET_KEYS": ["short"]}, {"doplatform.E006"}),
        ({"SECRET_KEYS": [b"bytes"]}, {"doplatform.E006"}),
        ({"SEAL_KEY": b"bytes"}, {"doplatform.E006"}),
        ({"ALERT_SCHEMES": ["slack", "json"]}, {"doplatform.E006"}),
        ({"ALERT_SCHEMES": ["slack", "mailtos"], "PUBLIC_URL": "https://do.example/x/"}, set()),
        ({"PUBLIC_URL": "do.example"}, {"doplatform.E006"}),
        ({"REDACT_KEYS": ["iban", "cards.*.number"], "REDACT": "actions.values.redact"}, set()),
        ({"REDACT_KEYS": ["a..b"]}, {"doplatform.E006"}),
        ({"REDACT_KEYS": "iban"}, {"doplatform.E006"}),
        ({"REDACT": "nowhere.at_all"}, {"doplatform.E022"}),
        ({"REDACT": "actions.values.DOTS"}, {"doplatform.E022"}),
        ([], {"doplatform.E006"}),
        ({"HEARTBEAT": 8}, {"doplatform.E007"}),
        ({"HEARTBEAT": 7.5}, set()),
        ({"GROUP_SIZE": 65}, {"doplatform.W006"}),
        ({"ACTIONS_DISABLED": ["test-nope"]}, {"doplatform.W004"}),
        ({"ACTIONS_DISABLED": ["test-noop"]}, set()),
    ],
    ids=repr,
)
def test_the_knobs(settings, given, expected):
    settings.DOPLATFORM = given
    # W005: the tests' own actions have secrets, and these settings no keys.
    assert ids(deploy=True) - {"doplatform.W005"} == expected


def test_a_wrong_secret_is_not_shown(settings):
    settings.DOPLATFORM = {"SECRET_KEYS": ["hunter2"], "SEAL_KEY": b"hunter2"}
    assert "hunter2" not in " ".join(str(message) for message in checks.run_checks(tags=["doplatform"]))


def database(monkeypatch, **changed):
    wrapper = SimpleNamespace(
        vendor="postgresql", display_name="PostgreSQL", settings_dict={"AUTOCOMMIT": True, "OPTIONS": {}}
    )
    for name, value in changed.items():
        if name in {"AUTOCOMMIT", "OPTIONS"}:
            wrapper.settings_dict[name] = value
        else:
            setattr(wrapper, name, value)
    monkeypatch.setattr(settings_checks, "connections", {"default": wrapper})
    return ids()


def test_e009_another_database(monkeypatch):
    assert database(monkeypatch, vendor="sqlite", display_name="SQLite") == {"doplatform.E009"}


def test_e010_another_way_of_committing(monkeypatch):
    from psycopg import IsolationLevel

    assert database(monkeypatch) == set()
    assert database(monkeypatch, AUTOCOMMIT=False) == {"doplatform.E010"}
    assert database(monkeypatch, OPTIONS={"isolation_level": IsolationLevel.SERIALIZABLE}) == {"doplatform.E010"}
    assert database(monkeypatch, OPTIONS={"isolation_level": IsolationLevel.READ_COMMITTED}) == set()


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, set()),
        ({"URL": "redis://elsewhere"}, {"doplatform.E011"}),
        ({"HOST": "elsewhere"}, {"doplatform.W007"}),
        ({"SERIALIZER": "rq.serializers.PickleSerializer"}, {"doplatform.W007"}),
    ],
)
def test_where_wake_ups_go(settings, options, expected):
    settings.RQ_QUEUES = {"default": options}
    assert ids() == expected


def test_w002_the_admin_link_of_django_rq(settings):
    settings.RQ_SHOW_ADMIN_LINK = True
    assert ids() == {"doplatform.W002"}
    del settings.RQ_SHOW_ADMIN_LINK
    assert ids() == {"doplatform.W002"}


@pytest.mark.parametrize("deep", [False, True])
def test_w003_the_pages_of_django_rq(settings, monkeypatch, deep):
    patterns = [path("rq/", include("django_rq.urls"))]
    module = ModuleType("tests.routes_with_django_rq")
    module.urlpatterns = [path("deep/", include((patterns, "deep")))] if deep else patterns
    monkeypatch.setitem(sys.modules, module.__name__, module)
    settings.ROOT_URLCONF = module.__name__
    assert ids() == {"doplatform.W003"}


# Modules that cannot be imported: a project of their own, as a process of its own


BROKEN = {
    "bad_name": (
        """\
        from actions import action

        @action("Bad Name")
        def bad() -> None: ...
        """,
        "Bad Name (bad_name.actions.bad): a name has 1 to 100 characters",
        3,
    ),
    "untyped": (
        """\
        from actions import action

        @action
        def untyped(value): ...
        """,
        "untyped: param value has no type hint",
        3,
    ),
    "absent": (
        "from actions import action\nimport nothing_of_that_name\n",
        "No module named 'nothing_of_that_name'",
        2,
    ),
    "syntax": ("\n\ndef broken(:\n", "SyntaxError", 3),
    "option": ("from actions import action\n@action(colour=1)\ndef f() -> None: ...\n", "colour", 2),
}
"""By app: its actions.py, what is said of it, and the line that is named."""


def check(place, sources, *words):
    """manage.py with an app for each of `sources`, which is the text of its actions.py."""
    for name, source in sources.items():
        (place / name).mkdir()
        (place / name / "__init__.py").touch()
        (place / name / "actions.py").write_text(textwrap.dedent(source))
    (place / "shopping.py").write_text(
        f"from doplatform.settings import *\nINSTALLED_APPS = [*INSTALLED_APPS, *{list(sources)}]\n"
    )
    return subprocess.run(
        [sys.executable, "manage.py", *words],
        cwd=BASE,
        env={**os.environ, "PYTHONPATH": f"{BASE}:{place}", "DJANGO_SETTINGS_MODULE": "shopping"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture(scope="module")
def said_of_the_broken(tmp_path_factory):
    """The folder, and each error of one `check` of them all, with its hint."""
    place = tmp_path_factory.mktemp("broken")
    ended = check(place, {name: source for name, (source, _, _) in BROKEN.items()}, "check")
    assert ended.returncode == 1
    assert "Traceback" not in ended.stderr
    return place, ended.stderr.split("\n?: ")


@pytest.mark.parametrize("app", BROKEN)
def test_e002_a_module_that_cannot_be_imported(said_of_the_broken, app):
    place, said = said_of_the_broken
    _, sentence, line = BROKEN[app]
    (about,) = [error for error in said if f"(doplatform.E002) {app}.actions cannot be imported" in error]
    assert sentence in about
    assert f"{place}/{app}/actions.py:{line}" in about


@pytest.mark.parametrize("process", ["work", "maintain"])
def test_processes_do_not_start_beside_a_broken_module(tmp_path, process):
    ended = check(tmp_path, {"shop": "import nothing_of_that_name\n"}, process)

    assert ended.returncode == 1
    assert "doplatform.E002" in ended.stderr


def test_the_deployment_check_of_the_real_settings_is_clean():
    real = {"HTTPS": "True", "SECRET_KEY": "a-long-key-0123456789" * 3, "DJANGO_SETTINGS_MODULE": "doplatform.settings"}
    ended = subprocess.run(
        [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"],
        cwd=BASE,
        env={**os.environ, **real},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
