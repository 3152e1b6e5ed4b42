"""Sealing: every entry in exactly one seal, whatever runs beside it (I-10)."""

import threading
from collections.abc import Iterator
from typing import Self

import pytest
from django.db import connection, transaction

from actions.definitions.actor import CODE
from actions.engine import ledger
from actions.engine import seal as seal_module
from actions.engine.anchor import export
from actions.engine.chain import BEGINNING
from actions.engine.maintain import Maintain
from actions.engine.seal import seal, seals
from actions.engine.statements import fetch
from actions.engine.verify import verify
from actions.management.commands import doctor
from actions.models import AuditEntry, Seal
from actions.queries.sealing import sealing
from actions.testing import inline_worker
from tests.engine.sealing import guarded, look, past

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _guarded(transactional_db: None) -> Iterator[None]:
    with guarded():
        yield


def note(text: str) -> None:
    """One entry, in a transaction of its own unless one is open."""
    ledger.record("test.noted", actor=CODE, reason=text)


def sealed_ids() -> list[int]:
    """Ids of all entries in the order of their seals."""
    return [int.from_bytes(marks[at : at + 8], "big") for marks in Seal.objects.order_by("number").values_list("marks", flat=True)
            for at in range(0, len(marks), 16)]  # fmt: skip


class _Beside:
    """Another session that writes when told to, in one transaction."""

    def __init__(self) -> None:
        self._go = threading.Event()
        self._written = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self.commit = True

    def _run(self) -> None:
        try:
            with transaction.atomic():
                note("early")
                self._written.set()
                self._go.wait(20)
                note("late")
                transaction.set_rollback(not self.commit)
        finally:
            self._written.set()
            connection.close()

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._written.wait(20)
        return self

    def end(self) -> None:
        """Commit, or roll back."""
        self._go.set()
        self._thread.join(20)

    def __exit__(self, *_: object) -> None:
        self.end()


def test_an_honest_past_verifies_with_and_without_its_anchor() -> None:
    with inline_worker() as worker:
        past(worker)
        while seal(size=7):
            pass
        report = look(anchor=list(export()))
    assert report.findings == []
    assert report.entries == AuditEntry.objects.count() == len(sealed_ids())
    assert report.seals == report.anchored > 5
    assert report.executions > 20


def test_every_entry_is_in_exactly_one_seal_in_order_of_transactions() -> None:
    for size in (1, 3, 100):
        for n in range(5):
            with transaction.atomic():
                note(f"{size} {n}")
                note("second of the same transaction")
        while seal(size=size):
            pass
    assert sealed_ids() == list(AuditEntry.objects.order_by("xid", "id").values_list("id", flat=True))
    assert look().ok
    horizon = BEGINNING
    for link in seals():
        assert horizon <= (link.first_xid, link.first_id) <= (link.last_xid, link.last_id) < link.horizon
        horizon = link.horizon


def test_entries_wait_for_an_older_open_transaction_and_are_sealed_when_it_ends() -> None:
    note("before")
    with _Beside() as beside:
        note("after, committed first")
        seal()
        assert len(sealed_ids()) == 1
        assert sealing().held
        assert look().ok
        beside.end()
    assert seal() == 3
    assert sealed_ids() == list(AuditEntry.objects.order_by("xid", "id").values_list("id", flat=True))
    assert sorted(sealed_ids()) != sealed_ids(), "the late transaction's entries stand where it began"
    assert look().ok


def test_gaps_of_a_transaction_that_rolled_back_are_no_finding() -> None:
    with _Beside() as beside:
        beside.commit = False
        note("after")
        assert seal() == 0
        beside.end()
    assert seal() == 1
    assert look().ok


def test_writers_beside_the_sealer_lose_nothing() -> None:
    def write() -> None:
        try:
            for n in range(40):
                with transaction.atomic():
                    note(str(n))
                    note("more")
        finally:
            connection.close()

    writers = [threading.Thread(target=write) for _ in range(4)]
    for writer in writers:
        writer.start()
    while any(writer.is_alive() for writer in writers):
        seal(size=16)
        assert verify(lag=5).findings == []
    for writer in writers:
        writer.join()
    while seal(size=16):
        pass
    assert sorted(sealed_ids()) == sorted(AuditEntry.objects.values_list("id", flat=True))
    assert look().ok


def test_two_sealers_make_one_chain() -> None:
    for n in range(60):
        note(str(n))
    barrier = threading.Barrier(2)

    def sealer() -> None:
        try:
            barrier.wait(20)
            while seal(size=2):
                pass
        finally:
            connection.close()

    both = [threading.Thread(target=sealer) for _ in range(2)]
    for one in both:
        one.start()
    for one in both:
        one.join(20)
    while seal(size=2):
        pass
    assert len(sealed_ids()) == len(set(sealed_ids())) == 60
    assert look().ok


def test_an_idle_system_makes_no_seals_and_asks_one_statement(monkeypatch: pytest.MonkeyPatch) -> None:
    note("one")
    chore = next(chore for chore in Maintain().chores if chore.name == "seal")
    assert (chore.act, chore.every) == (seal_module.seal, 2.0)
    chore.act()
    asked: list[str] = []
    monkeypatch.setattr(seal_module, "fetch", lambda name, params: asked.append(name) or fetch(name, params))
    assert chore.act() == 0
    assert asked == ["seal_boundary"]
    assert Seal.objects.count() == 1


def test_seals_are_append_only_for_the_owner_too() -> None:
    note("one")
    seal()
    for statement in ("UPDATE actions_seal SET count = 2", "DELETE FROM actions_seal", "TRUNCATE actions_seal"):
        with (
            pytest.raises(Exception, match="append-only"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute("SET LOCAL session_replication_role = replica")
            cursor.execute(statement)


def test_lag_tells_what_is_sealed_and_what_waits() -> None:
    assert sealing().seal is None
    note("one")
    waiting = sealing()
    assert waiting.lag > 0
    assert not waiting.held
    seal()
    done = sealing()
    (last,) = seals()
    assert (done.seal, done.count, done.lag, done.sealed_at) == (1, 1, 0, last.moment)


def test_doctor_says_what_has_waited_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "_LONGEST_UNSEALED", 0)
    assert [found.level for found in doctor._sealed()] == ["ok"]
    with _Beside():
        note("behind the open transaction")
        assert [found.level for found in doctor._sealed()] == ["warn"], "an open transaction holds it"
    assert [found.level for found in doctor._sealed()] == ["fail"]
    seal()
    assert [found.level for found in doctor._sealed()] == ["ok"]
