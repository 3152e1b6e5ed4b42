"""A web process's connection is given back as soon as the answer is made, whoever reads it how slowly; and nothing stops it."""

import gc
from typing import Any

import pytest
from django.db import connection
from gunicorn.workers.gthread import ThreadWorker

from actions.api.endpoints import audit
from actions.api.schemas.asked import AuditFilter
from actions.engine.access import locked_out
from actions.queries import exports, paging
from actions.queries.trail import Question
from doplatform.services import web
from tests.stage import engine

__all__ = ["engine"]


@pytest.fixture
def short_lived(engine: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """As connections out of a web process's pool are."""
    monkeypatch.setitem(connection.settings_dict, "CONN_MAX_AGE", 0)
    connection.close()


def test_what_is_sent_holds_no_connection(short_lived: None):
    def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        connection.ensure_connection()
        return [b"answer"]

    assert web.giving_back(application)({}, None) == [b"answer"]
    assert connection.connection is None


def test_an_export_holds_none_between_two_pages(short_lived: None, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(audit, "_CHUNK", 1)
    for name in ("one", "two"):
        locked_out(name, address="192.0.2.1")
    lines = audit._lines(paging.audit_rows(**audit._asked(AuditFilter())).order_by("id"))
    for name in (b"one", b"two"):
        assert name in next(lines)
        assert connection.connection is None


def test_an_export_of_the_console_holds_none_between_two_pages(short_lived: None, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(exports, "_AT_ONCE", 1)
    for name in ("one", "two"):
        locked_out(name, address="192.0.2.1")
    chunks = exports.audit(Question(), "ndjson")
    for name in (b"two", b"one"):
        assert name in next(chunks)
        assert connection.connection is None


def test_what_a_web_process_consists_of_is_not_searched_for_garbage(monkeypatch: pytest.MonkeyPatch):
    seen = []
    monkeypatch.setattr(ThreadWorker, "run", lambda _worker: seen.append(gc.get_freeze_count()))
    try:
        web.Worker.run(object.__new__(web.Worker))
        assert seen[0] > 50_000
    finally:
        gc.unfreeze()
