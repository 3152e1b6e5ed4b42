"""One command brings everything up, keeps it up, and takes everything down."""

import http.cookiejar
import os
import re
import signal
import socket
import tempfile
import time
import urllib.parse
import urllib.request
from pathlib import Path

import pytest

from tests.journeys.instance import Instance, ended, leftovers
from tests.journeys.terminal import Terminal

SEEDED = {
    "sign-up": ["failed", "succeeded"],
    "process-order": ["failed", "failed", "succeeded", "waiting"],
    "pay-order": ["failed", "succeeded", "succeeded", "waiting"],
}
SMALL = ("--no-demo", "--workers", "1")


@pytest.fixture
def fresh(own_folder):
    """Where nothing is yet."""
    return Path(tempfile.mkdtemp(dir=own_folder)) / "data"


@pytest.fixture(scope="module")
def data(own_folder):
    """Where others have been before, for tests that do not look at the making of it: the first of them makes it."""
    return own_folder / "data"


def log_in(url, user, password):
    """The address where the log-in form leads."""
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))
    with opener.open(f"{url}login/?next=/admin/", timeout=20) as page:
        token = re.search(r'csrfmiddlewaretoken" value="([^"]+)', page.read().decode())[1]
    form = {"username": user, "password": password, "csrfmiddlewaretoken": token, "next": "/admin/"}
    with opener.open(f"{url}login/", urllib.parse.urlencode(form).encode(), timeout=20) as page:
        return urllib.parse.urlsplit(page.geturl()).path


def stop(instance, number):
    """How many seconds the stop took."""
    started = time.monotonic()
    instance.process.send_signal(number)
    instance.process.wait(20)
    return time.monotonic() - started


def test_first_start_a_first_look_ctrl_c_and_second_start(fresh):
    """All of it, with the demo: the first look has something to show, and the second start finds what the first one left."""
    with Instance(fresh) as first:
        first.ready()
        password = first.password
        assert log_in(first.url, "admin", password) == "/admin/"
        assert {(fresh / name).stat().st_mode & 0o777 for name in ("secret_key", "administrator")} == {0o600}
        first.says(r"seed +[|] The demo is seeded", seconds=120)
        assert re.search(r"demo +[|] smtp +listens on", first.text)
        with Terminal(fresh) as terminal:
            for workflow, statuses in SEEDED.items():
                found = terminal.manage("executions", "list", "--action", workflow)["executions"]
                assert sorted(one["status"] for one in found) == statuses
        assert stop(first, signal.SIGINT) < 5
        assert first.process.returncode == 0
        assert leftovers(fresh) == []
        first.says("up +[|] stopped")

    with Instance(fresh) as second:
        second.ready()
        second.says(r"demo +[|] control +listens on")
        assert second.password == password
        second.says("kept in " + re.escape(str(fresh / "administrator")))
        assert log_in(second.url, "admin", password) == "/admin/"
        assert stop(second, signal.SIGTERM) < 5
        assert leftovers(fresh) == []
        assert "seed " not in second.text


def test_kill_9_takes_everything_with_it_and_the_data_stays(data):
    with Instance(data, *SMALL) as first:
        first.ready()
        password = first.password
        family = leftovers(data)
        assert len(family) >= 6
        first.process.kill()
        assert ended(family, 10)
        assert leftovers(data) == []

    with Instance(data, *SMALL) as second:
        second.ready()
        assert second.password == password
        assert log_in(second.url, "admin", password) == "/admin/"
        stop(second, signal.SIGTERM)


def test_paused_processes_do_not_delay_the_stop(data):
    with Instance(data, *SMALL) as instance:
        instance.ready()
        for pid in instance.pids("manage.py", "maintain") + instance.pids("gunicorn"):
            os.kill(pid, signal.SIGSTOP)
        assert stop(instance, signal.SIGINT) < 5
        assert leftovers(data) == []


def test_ctrl_c_while_it_still_starts(fresh):
    with Instance(fresh, *SMALL) as instance:
        instance.says(r"postgres +[|] is up")
        assert stop(instance, signal.SIGINT) < 5
        assert leftovers(fresh) == []


@pytest.fixture(scope="module")
def running(data):
    """One that is up until the last test has ended, and the port that was taken when it came."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        busy = other.getsockname()[1]
        with Instance(data, *SMALL, port=busy) as instance:
            yield instance.ready(), busy
            stop(instance, signal.SIGTERM)


def test_a_busy_port_gets_the_next_free_one(running):
    instance, busy = running
    taken = int(instance.says(rf"port {busy} is busy; taking (\d+)")[1])
    assert taken > busy
    assert instance.url == f"http://127.0.0.1:{taken}/"
    assert instance.get("healthz") == 200


def test_a_second_instance_is_refused_and_the_first_one_works_on(data, running):
    first, _ = running
    before = set(leftovers(data))
    second = Instance(data, *SMALL)
    assert second.process.wait(30) == 3
    second.close()
    second.says(rf"up already on {re.escape(str(data))} \(process {first.process.pid}\)")
    assert before <= set(leftovers(data))
    assert first.get("readyz") == 200


def test_what_dies_is_started_again(running):
    instance, _ = running
    url = instance.url
    postgres = int(instance.says(r"postgres +[|] is up \(process (\d+)")[1])
    redis = int(instance.says(r"redis +[|] is up \(process (\d+)")[1])

    for pid, name in ((postgres, "postgres"), (redis, "redis")):
        os.kill(pid, signal.SIGKILL)
        instance.says(rf"{name} +[|] was ended by SIGKILL; starting it again in [\d.]+ s")
        instance.says(rf"{name} +[|] was started again \(process (?!{pid})\d+\)")
    worker = min(instance.pids("manage.py", "--processes"))
    os.kill(worker, signal.SIGKILL)
    instance.says(r"work +[|] was ended by SIGKILL; starting it again")

    web = min(instance.pids("gunicorn"))
    os.kill(web, signal.SIGKILL)
    instance.says(r"web +[|] was ended by SIGKILL; starting it again")
    # Nobody is refused meanwhile: the supervisor holds the listening socket.
    with urllib.request.urlopen(url + "readyz", timeout=20) as answer:
        assert answer.status == 200
