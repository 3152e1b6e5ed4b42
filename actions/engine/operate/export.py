"""export: take what a list shows out of here. What leaves is written down before the first row does."""

from typing import Any

from actions import correlation
from actions.definitions.actor import Actor
from actions.engine import access, ledger
from actions.errors import storable

_LONGEST = 255
"""Characters that the audit keeps of each thing that was asked for."""


def export_executions(query: str, form: str, *, payload: bool, actor: Actor) -> None:
    """Somebody takes the list of a search with them, in that form; with params and results, where `payload`.

    Raises Forbidden.
    """
    access.require(actor, "view_execution", subject="executions")
    if payload:
        access.require(actor, "view_payload", subject="executions")
    _record("executions.exported", actor, {"query": storable(query[:2_000]), "format": form, "payload": payload})


def export_bulk(operation: str, form: str, *, actor: Actor) -> None:
    """Somebody takes what became of the items of a bulk operation with them. Raises Forbidden."""
    access.require(actor, "view_execution", subject=operation)
    _record("bulk.exported", actor, {"operation": operation, "format": form})


def export_audit(question: dict[str, Any], form: str, *, actor: Actor) -> None:
    """Somebody takes the entries of the audit that answer a question with them, in that form. Raises Forbidden."""
    access.require(actor, "export_audit", subject="audit")
    # What marks this entry itself has those names.
    asked = {
        f"asked_{name}" if name in correlation.NAMES else name: storable(str(text)[:_LONGEST])
        for name, text in question.items()
        if text
    }
    _record("audit.exported", actor, {**asked, "format": form})


def _record(verb: str, actor: Actor, details: dict[str, Any]) -> None:
    ledger.record(verb, actor=actor, details=details)
