"""Entries of one page that belong together, as blocks: of a bulk operation, a request, a transaction, or an execution's run.

A block stands where its newest entry does. Pages are cut by entries and not by blocks, so that one may go on on the next page;
its link leads to all of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode
from uuid import UUID

from actions.dashboard.audit.said import Said, is_uuid, url
from actions.definitions.actor import PLATFORM
from actions.queries import runs
from actions.queries.runs import Holders, Operation
from actions.queries.trail import Entry, Question

NOTHING = Holders()
_KINDS = ("operation", "request", "xid", "run")
"""What may hold entries together, the closest tie first."""
_SAYS = {
    "operation": "All of this operation",
    "request": "All of this request",
    "xid": "All of this transaction",
    "run": "All of this run",
}


@dataclass(frozen=True, slots=True)
class Block:
    """Entries that belong together, newest first; without a `kind`, ones that stand by themselves."""

    rows: Sequence[Said]
    kind: str = ""
    title: str = ""
    name: str = ""
    """What it is, as the filter calls it."""
    url: str = ""
    """The page of what holds them together, where it has one."""
    by: str = ""

    @property
    def since(self) -> datetime:
        """When the first of them was written."""
        return self.rows[-1].entry.at

    @property
    def all(self) -> str:
        """The address of everything that belongs to it."""
        return f"{url('audit')}?{urlencode({self.kind: self.name})}"

    @property
    def says(self) -> str:
        """What that address is called."""
        return _SAYS[self.kind]


def blocks_of(rows: Sequence[Said], question: Question) -> list[Block]:
    """The rows in blocks; what a question asks for by itself holds nothing together more. At most one query."""
    kinds = [kind for kind in _KINDS if not getattr(question, kind)]
    if question.execution or question.run:
        kinds = [kind for kind in kinds if kind != "run"]
    executions = {said.entry.execution_id for said in rows if said.entry.execution_id and "run" in kinds}
    operations = {UUID(name) for said in rows if "operation" in kinds and (name := _name(said.entry, "operation"))}
    known = runs.holders(executions, operations)
    ties = _ties(rows, kinds, known)
    blocks: list[tuple[tuple[str, str], list[Said]]] = []
    places: dict[tuple[str, str], int] = {}
    for said in rows:
        tie = ties.get(said.entry.id, ("", ""))
        if tie[0] and tie in places:
            blocks[places[tie]][1].append(said)
        elif not tie[0] and blocks and not blocks[-1][0][0]:
            blocks[-1][1].append(said)
        else:
            places[tie] = len(blocks)
            blocks.append((tie, [said]))
    return [_block(kind, name, found, known) for (kind, name), found in blocks]


def _ties(rows: Sequence[Said], kinds: Sequence[str], known: Holders) -> dict[int, tuple[str, str]]:
    """What holds each entry together with at least one other of the page, by its id."""
    ties: dict[int, tuple[str, str]] = {}
    for kind in kinds:
        found: dict[str, list[int]] = {}
        for said in rows:
            name = _name(said.entry, kind, known)
            if name and said.entry.id not in ties:
                found.setdefault(name, []).append(said.entry.id)
        ties.update({id_: (kind, name) for name, ids in found.items() if len(ids) > 1 for id_ in ids})
    return ties


def _name(entry: Entry, kind: str, known: Holders = NOTHING) -> str:
    data = entry.data if isinstance(entry.data, dict) else {}
    if kind == "run":
        if entry.execution_id is None:
            return ""
        root = known.roots.get(entry.execution_id)
        return root.public_id if root else entry.execution
    if kind == "xid":
        # The platform writes what has nothing in common in one transaction.
        ours = (entry.actor_kind, entry.actor_id) == (PLATFORM.kind, PLATFORM.id)
        return "" if ours or entry.actor_kind == "workflow" or not entry.xid else str(entry.xid)
    text = str(data.get(kind) or "")
    return text if kind == "request" or is_uuid(text) else ""


def _block(kind: str, name: str, rows: Sequence[Said], known: Holders) -> Block:
    if not kind:
        return Block(rows)
    entry = rows[0].entry
    if kind == "operation":
        return _of_operation(name, rows, known.operations.get(UUID(name)))
    if kind == "run":
        root = known.roots.get(entry.execution_id) if entry.execution_id else None
        steps = any(said.entry.execution != name for said in rows)
        title = f"{root.action if root else entry.action}{' and its steps' if steps else ''}"
        return Block(rows, kind, title, name, url("execution", name) if root else "")
    actors = {said.entry.actor_label for said in rows}
    by = actors.pop() if len(actors) == 1 else ""
    return Block(rows, kind, "1 request" if kind == "request" else "1 transaction", name, by=by)


def _of_operation(name: str, rows: Sequence[Said], known: Operation | None) -> Block:
    if known is None:
        return Block(rows, "operation", "Bulk operation", name)
    many = f"{known.total:,} execution{'' if known.total == 1 else 's'}"
    title = f"Bulk operation: {known.verb.replace('_', ' ')} of {many}"
    return Block(rows, "operation", title, name, url("bulk-operation", name), known.by)
