"""Views of the list of executions: save, change, share and remove one, and choose with which the list begins.

What is one's own alone is nobody else's business; what everybody sees is audited.
"""

from django.db import transaction

from actions.definitions.actor import Actor
from actions.engine import access, ledger
from actions.errors import InvalidInput, ViewNotFound, storable
from actions.models import PreferredView, SavedView

MOST = 100
"""Views of one person."""
LONGEST_NAME = 60
LONGEST_QUERY = 2_000


def save_view(name: str, query: str, *, actor: Actor, shared: bool = False) -> int:
    """Keep a search under a name; returns its id. Saved again under the same name, it replaces the person's own one.

    Raises Forbidden, InvalidInput for a name or a search that cannot be kept.
    """
    access.require(actor, "view_execution", subject="views")
    if shared:
        access.require(actor, "share_views", subject=name[:60])
    name, query = _checked(name, query)
    with transaction.atomic():
        mine = SavedView.objects.select_for_update().filter(owner_id=int(actor.id))
        known = mine.filter(name=name).first()
        if known is None and mine.count() >= MOST:
            raise InvalidInput("too_many_views", f"Nobody has more than {MOST} views; remove one first.", path="name")
        if known is not None and known.shared and not shared:
            access.require(actor, "share_views", subject=name)
        kept = known or SavedView(owner_id=int(actor.id), owner_label=actor.label[:255])
        before = {"query": kept.query, "shared": kept.shared} if known else None
        kept.name, kept.query, kept.shared = name, query, shared or kept.shared
        kept.save()
        if kept.shared:
            _record("view.shared", kept, actor, before=before)
    return kept.pk


def change_view(view: int, *, actor: Actor, name: str, shared: bool) -> bool:
    """Call it otherwise, share it or keep it to oneself. False when nothing was different.

    Raises ViewNotFound, Forbidden, InvalidInput.
    """
    with transaction.atomic():
        kept = _mine(view, actor, sharing=shared)
        name, _ = _checked(name, kept.query)
        before = {"name": kept.name, "shared": kept.shared}
        if before == {"name": name, "shared": shared}:
            return False
        if SavedView.objects.filter(owner_id=kept.owner_id, name=name).exclude(pk=kept.pk).exists():
            raise InvalidInput("invalid_name", "There is a view of that name already.", path="name")
        SavedView.objects.filter(pk=kept.pk).update(name=name, shared=shared)
        kept.name, kept.shared = name, shared
        if shared or before["shared"]:
            _record("view.shared" if shared else "view.unshared", kept, actor, before=before)
    return True


def remove_view(view: int, *, actor: Actor) -> str:
    """Forget it; returns how it was called. Raises ViewNotFound, Forbidden."""
    with transaction.atomic():
        kept = _mine(view, actor)
        if kept.shared:
            _record("view.removed", kept, actor)
        PreferredView.objects.filter(view=str(kept.pk)).delete()
        kept.delete()
    return kept.name


def prefer_view(view: str, *, actor: Actor) -> None:
    """Let this person's list begin with a view, by its name or id; with everything, where it is empty. Raises Forbidden."""
    access.require(actor, "view_execution", subject="views")
    if view:
        PreferredView.objects.update_or_create(user_id=actor.id, defaults={"view": storable(view)[:40]})
    else:
        PreferredView.objects.filter(user_id=actor.id).delete()


def _mine(view: int, actor: Actor, *, sharing: bool = False) -> SavedView:
    """The view, locked: one's own, or a shared one for those who may share."""
    access.require(actor, "view_execution", subject="views")
    kept = SavedView.objects.select_for_update().filter(pk=view).first()
    if kept is None or not (kept.shared or str(kept.owner_id) == actor.id):
        raise ViewNotFound
    if kept.shared or sharing:
        access.require(actor, "share_views", subject=kept.name)
    return kept


def _checked(name: str, query: str) -> tuple[str, str]:
    name = " ".join(storable(name).split())
    if not 0 < len(name) <= LONGEST_NAME:
        raise InvalidInput("invalid_name", f"A view needs a name of 1 to {LONGEST_NAME} characters.", path="name")
    if len(query) > LONGEST_QUERY or query != storable(query):
        raise InvalidInput(
            "invalid_query", f"A view keeps a search of at most {LONGEST_QUERY:,} plain characters.", path="query"
        )
    return name, query


def _record(verb: str, view: SavedView, actor: Actor, *, before: dict[str, object] | None = None) -> None:
    details = {"view": view.pk, "name": view.name, "query": view.query, "shared": view.shared}
    ledger.record(verb, actor=actor, details={**details, "before": before} if before else details)
