"""verify: recompute every seal from its entries and every link from the one before; compare executions with the audit.

Nothing here trusts what the owner of the tables could have changed: signatures need a key that is not in the database,
and an end that was cut off shows against an anchor, a copy of the seals that is kept elsewhere.
"""

import time
from collections.abc import Iterable, Iterator
from itertools import islice, zip_longest
from typing import NamedTuple

from actions import conf
from actions.engine import chain, merkle, reconcile
from actions.engine.chain import BEGINNING, NOTHING, Link
from actions.engine.findings import Report
from actions.engine.seal import entries_of, leaf, seals
from actions.engine.statements import fetch

LAG = 5.0
"""Seconds within which what can be sealed is sealed, on top of SEAL_EVERY."""
_CHUNK = 1_000
_MARK = 16
_SPARE = 10_000
"""How many entries too many are read of a seal whose entries are named one by one."""
_GUARDS = {"actions_audit_rows", "actions_audit_truncate", "actions_seal_rows", "actions_seal_truncate"}


def verify(*, anchor: Iterable[str] = (), lag: float | None = None, executions: bool = True) -> Report:
    """Look at everything. `anchor` are lines of an exported one; `lag` is how long an entry may stay unsealed (seconds).

    Waits up to that long for a sealer that has work left, so that a transaction which has just ended is no finding.
    """
    report = Report()
    started = time.monotonic()
    Verification(report, anchor, LAG + conf.get().SEAL_EVERY if lag is None else lag).go()
    if executions:
        reconcile.compare(report)
    _guards(report)
    report.seconds = time.monotonic() - started
    return report


def _guards(report: Report) -> None:
    standing = {row[0] for row in fetch("guards", {})}
    for name in sorted(_GUARDS - standing):
        report.add(
            "trigger_off",
            f"The trigger {name} is missing, replaced, or does not fire always: the audit can be changed. Put it back "
            "(ENABLE ALWAYS), and find out who took it away.",
        )


class _Fault(NamedTuple):
    """What is wrong with a link itself."""

    code: str
    seal: int
    message: str


class Verification:
    """One walk along the chain."""

    def __init__(self, report: Report, anchor: Iterable[str], lag: float) -> None:
        self._report = report
        self._lag = lag
        self._keys = chain.known_keys()
        self._last: Link | None = None
        self._anchor = self._anchored(anchor)

    def go(self) -> None:
        """Walk to the end of the chain, and look at what is behind it."""
        until = time.monotonic() + self._lag
        while True:
            self._walk()
            overdue, future = self._behind()
            if overdue is None or time.monotonic() >= until:
                break
            time.sleep(0.1)
        if overdue is not None:
            self._report.add(
                "unsealed",
                f"Entry {overdue} could have been sealed more than {self._lag:g} s ago, and is in no seal: is maintain up?",
                entry=overdue,
            )
        if future is not None:
            self._report.add(
                "future", f"Entry {future} names a transaction that has not begun: it was made by hand.", entry=future
            )
        for number in sorted(self._anchor):
            self._report.add(
                "missing_seal",
                f"Seal {number} stands in the anchor and is missing here: it was cut off, or an old state was put back.",
                seal=number,
            )

    def _walk(self) -> None:
        """The seals after the last one seen."""
        links = seals(after=self._last.number if self._last else 0)
        while chunk := list(islice(links, _CHUNK)):
            start = self._last.horizon if self._last else BEGINNING
            faults = [self._link(link) for link in chunk]
            self._entries(chunk, start, faults)

    def _link(self, link: Link) -> _Fault | None:
        """What is wrong with a link itself; None when nothing is."""
        before, self._last = self._last, link
        self._report.seals += 1
        anchored = self._anchor.pop(link.number, None)
        if link.number != (before.number + 1 if before else 1):
            gap = before.number + 1 if before else 1
            return _Fault("missing_seal", gap, f"Seal {gap} is missing: the next one here is {link.number}.")
        if fault := chain.fault_of(link, self._keys):
            return _Fault("signature", link.number, f"Seal {link.number} {fault}.")
        if link.previous != (before.digest if before else NOTHING):
            why = f"Seal {link.number} does not follow the seal before it: one of the two was replaced."
            return _Fault("chain", link.number, why)
        if before and not (before.at < link.at and before.horizon < link.horizon):
            return _Fault("order", link.number, f"Seal {link.number} is not later than the seal before it.")
        if anchored is not None:
            if anchored.digest != link.digest:
                why = f"Seal {link.number} is another one than the anchor's: history was written anew."
                return _Fault("anchor", link.number, why)
            self._report.anchored += 1
        return None

    def _entries(self, links: list[Link], start: tuple[int, int], faults: list[_Fault | None]) -> None:
        """Hash the entries of consecutive seals; misfits are reported in the order of the chain."""
        misfits: list[Link] = []
        by_number = {link.number: link for link in links}
        most = max(link.count for link in links) + 1
        for number, entries in entries_of(links, start, most=max(most, 2)):
            link = by_number[number]
            self._report.entries += len(entries)
            if len(entries) != link.count or merkle.root([leaf(entry) for entry in entries]) != link.root:
                misfits.append(link)
        numbers = {link.number for link in misfits}
        for link, fault in zip(links, faults, strict=True):
            if fault:
                self._report.add(fault.code, fault.message, seal=fault.seal)
            if link.number in numbers and not self._report.full:
                # After a gap its own beginning is all that is known; what lies before belongs to the missing seal.
                gap = fault is not None and fault.code == "missing_seal"
                self._name(link, (link.first_xid, link.first_id) if gap else start)
            start = link.horizon

    def _name(self, link: Link, start: tuple[int, int]) -> None:
        """Report the first entry of a seal that does not fit its mark."""
        ((_, entries),) = entries_of([link], start, most=link.count + _SPARE)
        rows = fetch("seal_marks", {"number": link.number})
        blob = bytes(rows[0][0]) if rows else b""
        marks = {blob[at : at + 8]: blob[at + 8 : at + 16] for at in range(0, len(blob), _MARK)}
        found = {entry[9:17]: leaf(entry)[:8] for entry in entries}
        entry, what = _difference(marks, found)
        if entry is None:
            message = f"The entries of seal {link.number} do not give its root, and its marks were changed."
            self._report.add("root", message, seal=link.number, entry=link.first_id)
        else:
            message = f"Entry {entry} {_WHAT[what]} since it was sealed, in seal {link.number}."
            self._report.add(what, message, seal=link.number, entry=entry)

    def _behind(self) -> tuple[int | None, int | None]:
        """The first overdue entry behind the last seal, and the first from the future."""
        xid, row = self._last.horizon if self._last else BEGINNING
        overdue, future = fetch("unsealed", {"xid": xid, "id": row, "lag": self._lag})[0]
        return overdue, future

    def _anchored(self, lines: Iterable[str]) -> dict[int, Link]:
        """The anchor's links by number; its own faults are reported at once."""
        links: dict[int, Link] = {}
        before: Link | None = None
        for place, line in enumerate(_filled(lines), 1):
            try:
                link = chain.parse(line)
            except ValueError as error:
                self._report.add("anchor", f"Line {place} of the anchor is no seal: {error}.")
                continue
            fault = chain.fault_of(link, self._keys)
            if not fault and before and (link.number, link.previous) != (before.number + 1, before.digest):
                fault = "does not follow the line before it"
            if fault:
                self._report.add(
                    "anchor", f"Line {place} of the anchor, seal {link.number}, {fault}.", seal=link.number
                )
            else:
                links[link.number] = link
            before = link
        return links


_WHAT = {
    "changed": "was changed",
    "inserted": "was put in",
    "moved": "was moved",
    "deleted": "was deleted",
}


def _difference(marks: dict[bytes, bytes], found: dict[bytes, bytes]) -> tuple[int | None, str]:
    """The first entry, in order, whose sealed and present hashes differ, and what happened to it; both are by id."""
    for sealed, present in zip_longest(marks, found):
        if present is not None and present not in marks:
            return _id_of(present), "inserted"
        if sealed is not None and sealed not in found:
            row = _id_of(sealed)
            return row, "moved" if fetch("entry_place", {"id": row}) else "deleted"
        if sealed is not None and marks[sealed] != found[sealed]:
            return _id_of(sealed), "changed"
    return None, ""


def _id_of(mark: bytes) -> int:
    return int.from_bytes(mark, "big", signed=True)


def _filled(lines: Iterable[str]) -> Iterator[str]:
    return (line for line in lines if line.strip())
