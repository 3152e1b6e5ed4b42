"""Our web server as an installation runs it, gunicorn with two workers, and what it is asked."""

import json
import socket
import statistics
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from itertools import count, repeat
from typing import Any

from django.db import connection

from actions.definitions.actor import CODE
from actions.engine import planner
from actions.engine.keys.accounts import create_account
from actions.engine.keys.create import HIGHEST_RATE, create
from actions.engine.operate import pause
from actions.engine.sync import sync
from benchmarks.app.models import Row
from benchmarks.load import Answers, Load, request
from benchmarks.report import Line, millis, rate
from benchmarks.speed import Rounds
from benchmarks.stage import Stage, await_true

WORKERS = 2
_TURNS = 4
"""So many turns of each side in a round, so that one slow moment does not meet one side alone."""
_WAITERS = 500
_ROUND_TRIPS = 100
_PARAMS = {"number": 1, "text": "hello"}
_JSON = {"Content_Type": "application/json"}
_API = "/api/v1"


class Web:
    """Both sides in one server: the API, and bare views that authenticate nobody and record nothing."""

    def __init__(self, ground: Stage) -> None:
        self._ground = ground
        self.rounds: dict[str, Rounds] = {}
        self._pooled: dict[str, list[float]] = {}
        self._numbers = count()
        self._key = _api_key()
        self._address = ("127.0.0.1", _free_port())
        place = f"{self._address[0]}:{self._address[1]}"
        web = ["-m", "gunicorn", "--config", "python:doplatform.serving", "doplatform.wsgi", "--bind", place]
        web += ["--log-level", "warning"]
        ground.start("web", *web, env={"WEB_CONCURRENCY": str(WORKERS)})
        # As an installation has it: maintain keeps PostgreSQL's picture of the tables, and so the plans, fresh.
        ground.manage("maintain", "maintain")
        await_true(self._answers, seconds=30, what="the web server")
        sync()
        # Nothing starts: what is compared is asking, not doing.
        pause.pause_queue("default", actor=CODE, reason="benchmark")
        self._row = Row.objects.create(number=1, text="hello").pk
        self._execution = json.loads(self._ask(self._post())[1])["id"]

    def warm(self) -> None:
        """Let both workers have done everything once."""
        for requests in (self._fresh(), repeat(self._bare_post()), repeat(self._get()), repeat(self._bare_get())):
            self._burst(requests, 500)
        time.sleep(2 * planner.EVERY)

    def compare(self, only: set[str], number: int) -> Iterator[str]:
        """One round; yields what it has done."""
        replayed = self._post("replayed")
        self._ask(replayed)
        sides = {
            "POST": (self._fresh(), repeat(self._bare_post())),
            "replay": (repeat(replayed), self._fresh()),
            "GET": (repeat(self._get()), repeat(self._bare_get())),
        }
        for name, (ours, rival) in sides.items():
            if name in only:
                self._turns(name, ours, rival, number)
                yield name
        if "redis" in only:
            self._without_redis(number // 2)
            yield "redis"

    def lines(self, only: set[str]) -> Iterator[Line]:
        """The rows of the table; what has no rival is measured here."""
        bars = {
            "POST": ("POST executions", 0.5),
            "replay": ("POST, replayed key; beside it a fresh one", 0.9),
            "GET": ("GET execution", 0.5),
        }
        for name, (measure, least) in bars.items():
            if name in self.rounds:
                yield self.rounds[name].line(measure, rate, least=least)
                yield Line(
                    "   p95", *(millis(statistics.median(self._pooled[f"{name} {side}"])) for side in ("ours", "rival"))
                )
        if "redis" in only:
            worse = statistics.median(self._pooled["redis stopped"]) - statistics.median(self._pooled["redis there"])
            shown = [millis(statistics.median(self._pooled[f"redis {how}"])) for how in ("stopped", "there")]
            yield Line("POST p95, Redis stopped", shown[0], "", f"{worse * 1000:+.2f} ms", "≤ +50 ms", worse <= 0.05)
            yield Line("   with Redis", shown[1])
        if "wait" in only or "waiters" in only:
            pause.resume_queue("default", actor=CODE, reason="benchmark")
            self._ground.manage("work", "work", "--processes", "1")
            await_true(lambda: not _one("SELECT count(*) FROM actions_execution WHERE status IN ('queued', 'running')"),
                       seconds=120, what="the backlog done")  # fmt: skip
        if "wait" in only:
            yield self._settled_to_answer()
        if "waiters" in only:
            yield from self._many_wait()

    def _turns(self, name: str, ours: Iterator[bytes], rival: Iterator[bytes], number: int) -> None:
        seconds = {"ours": 0.0, "rival": 0.0}
        for turn in range(_TURNS):
            sides = [("ours", ours), ("rival", rival)]
            for side, requests in sides if turn % 2 else sides[::-1]:
                answers = self._burst(requests, number // _TURNS)
                seconds[side] += answers.seconds
                self._pooled.setdefault(f"{name} {side}", []).append(answers.percentile(0.95))
        rounds = self.rounds.setdefault(name, Rounds())
        rounds.ours.append(number / seconds["ours"])
        rounds.rival.append(number / seconds["rival"])

    def _without_redis(self, number: int) -> None:
        self._pooled.setdefault("redis there", []).append(self._burst(self._fresh(), number).percentile(0.95))
        self._ground.servers.redis.stop()
        try:
            self._pooled.setdefault("redis stopped", []).append(self._burst(self._fresh(), number).percentile(0.95))
        finally:
            self._ground.servers.redis.start()
        time.sleep(1.5)  # so long a process leaves a Redis alone that did not answer

    def _settled_to_answer(self) -> Line:
        """From the moment at which settle says it ended, by the same machine's clock, to the answer's last byte."""
        late = []
        for number in range(_ROUND_TRIPS):
            status, body, heard = self._ask(self._post(f"wait-{number}", Prefer="wait=20"))
            told = json.loads(body)
            if status != 200 or told["status"] != "succeeded":
                raise RuntimeError(f"the API answered {status}: {body[:300]!r}")
            late.append(heard - datetime.fromisoformat(told["finished_at"]).timestamp())
        middle = statistics.median(late)
        return Line("wait: end to answer, p50", millis(middle), "", "", "≤ 10 ms", middle <= 0.01,
                    f"p95 {millis(sorted(late)[int(0.95 * len(late))])}")  # fmt: skip

    def _many_wait(self) -> Iterator[Line]:
        """Others are served while 500 clients wait for something that does not end."""
        alone = self._burst(repeat(self._get()), 400)
        pause.pause_queue("default", actor=CODE, reason="benchmark")
        waiting = [socket.create_connection(self._address) for _ in range(_WAITERS)]
        for number, line in enumerate(waiting):
            line.sendall(self._post(f"waiter-{number}", Prefer="wait=60"))
        await_true(lambda: _one("SELECT count(*) FROM actions_execution WHERE status = 'queued'") >= _WAITERS,
                   seconds=60, what="all waiting")  # fmt: skip
        time.sleep(2)
        before, started = _one(_STATEMENTS), time.monotonic()
        time.sleep(5)
        statements = (_one(_STATEMENTS) - before) / (time.monotonic() - started)
        connections = _one("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()")
        beside = self._burst(repeat(self._get()), 400)
        pause.resume_queue("default", actor=CODE, reason="benchmark")
        began = time.monotonic()
        for line in waiting:
            line.settimeout(60)
            if not line.recv(16).startswith(b"HTTP/1.1 200"):
                raise RuntimeError("a waiting client did not get its answer")
            line.close()
        told = f"alone {millis(alone.percentile(0.95))}; all {_WAITERS} were answered within {time.monotonic() - began:.1f} s"
        yield Line(f"{_WAITERS} clients wait: GET p95 of others", millis(beside.percentile(0.95)), note=told)
        yield Line("   connections to PostgreSQL", str(connections))
        yield Line("   transactions a second meanwhile", f"{statements:.1f}/s")

    def _burst(self, requests: Iterator[bytes], number: int) -> Answers:
        with closing(Load(self._address)) as load:
            answers = load.run(next(requests) for _ in range(number))
        if any(status >= 300 for status in answers.statuses):
            raise RuntimeError(f"the server answered {answers.statuses}: {self._ground.said('web')[-2000:]}")
        return answers

    def _ask(self, asked: bytes) -> tuple[int, bytes, float]:
        with closing(Load(self._address, 1)) as load:
            return load.ask(asked)

    def _fresh(self) -> Iterator[bytes]:
        return (self._post(f"fresh-{number}") for number in self._numbers)

    def _post(self, key: str = "", **headers: str) -> bytes:
        named = {"Idempotency_Key": key} if key else {}
        return self._request("POST", f"{_API}/actions/bench-noop/executions", _body(), **named, **headers)

    def _get(self) -> bytes:
        return self._request("GET", f"{_API}/executions/{self._execution}")

    def _request(self, method: str, path: str, body: bytes = b"", **headers: str) -> bytes:
        return request(method, path, body, Authorization=f"Bearer {self._key}", **(_JSON if body else {}), **headers)

    def _bare_post(self) -> bytes:
        return request("POST", "/bare/rows", _body(), **_JSON)

    def _bare_get(self) -> bytes:
        return request("GET", f"/bare/rows/{self._row}")

    def _answers(self) -> bool:
        try:
            return self._ask(request("GET", "/readyz"))[0] == 200
        except OSError:
            return False


_STATEMENTS = "SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = current_database()"


def _api_key() -> str:
    """The text of a key that may do what is measured."""
    create_account("benchmark", actor=CODE, reason="benchmark")
    made = create(scopes=["action:*:trigger", "action:*:read"], account="benchmark", rate=HIGHEST_RATE, actor=CODE)
    return made.text


def _body() -> bytes:
    return json.dumps({"params": _PARAMS}).encode()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _one(statement: str) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchone()[0]
