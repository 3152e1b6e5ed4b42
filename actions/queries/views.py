"""Views of the list of executions: those that come with the code, those that are shared, one's own."""

from dataclasses import dataclass

from django.db import connection
from django.db.models import Q

from actions import narrowing
from actions.errors import ViewNotFound
from actions.models import SavedView
from actions.queries.search import InvalidQuery, parse

MOST = 200
"""Saved views that one person sees."""

_SEEN = """
SELECT coalesce(chosen.view, ''), saved.id, saved.name, saved.query, saved.owner_id, saved.owner_label, saved.shared
FROM (SELECT max(view) AS view FROM actions_preferredview WHERE user_id = %(user)s) AS chosen
LEFT JOIN (
  SELECT * FROM actions_savedview WHERE shared OR owner_id = %(user)s ORDER BY name, id LIMIT %(most)s) AS saved ON true
ORDER BY saved.name, saved.id
"""


@dataclass(frozen=True, slots=True)
class View:
    """A search under a name."""

    key: str
    """Its name in the code, or the id of a saved one."""
    name: str
    query: str
    says: str = ""
    """What it is good for, or whose it is."""
    shared: bool = False
    mine: bool = False
    preferred: bool = False
    """Whether the reader's list begins with it."""

    @property
    def saved(self) -> bool:
        """Whether somebody has saved it, and may remove it."""
        return self.key.isdigit()


_OWN = {
    "failed": ("Failed, newest first", "state:failed", "What needs somebody, the newest failure first."),
    "in-doubt": ("In doubt", "state:in_doubt", "Nobody knows whether the outside effect happened."),
    "stuck": ("Stuck: due for over 5 minutes", "state:queued,retrying due-before:-5m", "Due, and no worker takes it."),
    "long": ("Running for over an hour", "state:running before:-1h", "Accepted over an hour ago, and not at its end."),
    "workflows": ("Workflows that failed", "kind:workflow state:failed", "Retrying one goes on from its failed steps."),
}


@dataclass(frozen=True, slots=True)
class Views:
    """All that one person may choose from."""

    system: tuple[View, ...]
    shared: tuple[View, ...]
    mine: tuple[View, ...]

    @property
    def preferred(self) -> View | None:
        """The one with which this person's list begins."""
        return next((view for view in (*self.system, *self.shared, *self.mine) if view.preferred), None)

    def with_query(self, query: str) -> View | None:
        """The one that asks for exactly this."""
        return next((view for view in (*self.mine, *self.shared, *self.system) if view.query == query), None)


def views(user: str) -> Views:
    """The views of a user, by the primary key as text: one query."""
    with connection.cursor() as cursor:
        cursor.execute(_SEEN, {"user": int(user), "most": MOST})
        rows = cursor.fetchall()
    chosen = rows[0][0]
    saved = [
        View(
            str(id_), name, query, _says(shared=shared, owner=owner), shared, str(owner_id) == user, str(id_) == chosen
        )
        for _, id_, name, query, owner_id, owner, shared in rows
        if id_ is not None and (str(owner_id) == user or _shown(query))
    ]
    return Views(
        always(user, chosen), tuple(one for one in saved if one.shared), tuple(one for one in saved if not one.shared)
    )


def always(user: str, chosen: str = "") -> tuple[View, ...]:
    """The views that come with the code; asks for nothing."""
    system = [View(key, *said, preferred=key == chosen) for key, said in _OWN.items()]
    system.append(
        View("mine-today", "My triggers today", f"actor:user:{user} after:today", "What you have asked for since midnight.",
             preferred=chosen == "mine-today")
    )  # fmt: skip
    return tuple(system)


def shared() -> tuple[View, ...]:
    """Those that come with the code and are nobody's own, and those that somebody shares; for who is no user."""
    system = tuple(View(key, *said) for key, said in _OWN.items())
    rows = SavedView.objects.filter(shared=True).order_by("name", "id")[:MOST]
    found = [
        View(str(row.pk), row.name, row.query, _says(shared=True, owner=row.owner_label), shared=True) for row in rows
    ]
    return (*system, *(one for one in found if _shown(one.query)))


def view(id_: int, user: str) -> View:
    """One saved view that this user sees. Raises ViewNotFound."""
    row = SavedView.objects.filter(Q(shared=True) | Q(owner_id=user), pk=id_).first()
    if row is None or not (str(row.owner_id) == user or _shown(row.query)):
        raise ViewNotFound
    says = _says(shared=row.shared, owner=row.owner_label)
    return View(str(row.pk), row.name, row.query, says, row.shared, str(row.owner_id) == user)


def _shown(query: str) -> bool:
    """Whether a search of somebody else names nothing that the reader may not see."""
    if narrowing.reader() is None:
        return True
    try:
        terms = parse(query).of("action")
    except InvalidQuery:
        return False
    return not any(narrowing.hidden(value.text) for term in terms for value in term.values)


def _says(*, shared: bool, owner: str) -> str:
    return f"Shared by {owner}" if shared else "Yours alone"
