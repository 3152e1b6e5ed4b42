"""The command line in tests: in this process for answers, as a process of its own for exit codes."""

import json
import os
import subprocess
import sys
from contextlib import contextmanager
from io import StringIO
from pathlib import Path
from threading import Timer
from urllib.parse import quote

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection

from actions.testing import inline_worker
from tests.app import actions as app

BASE = Path(__file__).resolve().parents[2]
NOBODY = "exec_0csp7f270k9ma88kr4bqt69js4"
WHY = ("--reason", "the mail server is back")
HOSTILE = [
    "",
    "exec_",
    "exec_" + "z" * 26,
    "exec_" + "é" * 26,
    "'; DROP TABLE actions_execution; --",
    "\x00",
    "\ud800",
    "x" * 70_000,
]


def said(*words):
    """What a command writes to stdout."""
    out = StringIO()
    call_command(*words, stdout=out)
    return out.getvalue()


def answer(*words):
    """The document of --json."""
    return json.loads(said(*words, "--json"))


def refusal(*words):
    """What a command says when it refuses, and the document of --json."""
    out = StringIO()
    with pytest.raises(CommandError) as caught:
        call_command(*words, "--json", stdout=out)
    return str(caught.value), json.loads(out.getvalue())


def manage(*words, given="", **environment):
    """manage.py as a process of its own, on the test database."""
    return subprocess.run(
        [sys.executable, "manage.py", *words],
        cwd=BASE,
        env=_environment(environment),
        input=given if isinstance(given, bytes) else given.encode(),
        capture_output=True,
        timeout=60,
        check=False,
    )


@contextmanager
def started(*words, **environment):
    """The same, running; its stderr can be read by lines while it does."""
    process = subprocess.Popen(
        [sys.executable, "manage.py", *words],
        cwd=BASE,
        env=_environment(environment),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    # Whoever waits for a line that does not come finds the end of the file instead.
    patience = Timer(60, process.kill)
    patience.start()
    with process:
        try:
            yield process
        finally:
            patience.cancel()
            process.kill()


def _environment(own):
    place = connection.settings_dict
    url = f"postgresql://{quote(place['USER'])}@/{quote(place['NAME'])}?host={quote(place['HOST'])}"
    here = {"DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "tests.settings", "PYTHONPATH": str(BASE)}
    return {**os.environ, **here, **own}


def failed():
    handle = app.give_up.invoke()
    with inline_worker() as worker:
        worker.work()
    assert handle.status == "failed"
    return handle.id


def doubtful():
    handle = app.doubt.invoke()
    with inline_worker() as worker:
        worker.work()
    assert handle.status == "in_doubt"
    return handle.id


def audit(id_):
    return answer("executions", "show", id_)["audit"]
