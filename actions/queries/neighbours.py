"""What the audit says around one of its entries: of the same execution, and by the same actor."""

from dataclasses import dataclass

from django.db import connection

from actions import narrowing
from actions.queries.trail import Entry, entry_of

AROUND = 5
"""Entries before it, and as many after it."""
_NEAR = 20_000
"""Ids before and behind it among which those of an actor are looked for, where no index has them."""
_WINDOW = 2_000
"""Entries of people that are looked at on each side."""

# Each side by the index that has it: of an execution; of people; else a stretch of the table.
_NEIGHBOURS = """
WITH wanted AS (SELECT id, execution_id, actor_kind, actor_id FROM actions_auditentry WHERE id = %(id)s),
of_execution AS (
  (SELECT entry.* FROM actions_auditentry AS entry, wanted
   WHERE entry.execution_id >= wanted.execution_id AND entry.execution_id <= wanted.execution_id AND entry.id < %(id)s
   ORDER BY entry.execution_id DESC, entry.id DESC LIMIT %(around)s)
  UNION ALL
  (SELECT entry.* FROM actions_auditentry AS entry, wanted
   WHERE entry.execution_id >= wanted.execution_id AND entry.execution_id <= wanted.execution_id AND entry.id > %(id)s
   ORDER BY entry.execution_id, entry.id LIMIT %(around)s)
), people AS (
  (SELECT id, actor_id FROM actions_auditentry WHERE %(person)s AND actor_kind = 'user' AND id < %(id)s
   ORDER BY id DESC LIMIT %(window)s)
  UNION ALL
  (SELECT id, actor_id FROM actions_auditentry WHERE %(person)s AND actor_kind = 'user' AND id > %(id)s
   ORDER BY id LIMIT %(window)s)
), others AS (
  SELECT entry.id FROM actions_auditentry AS entry, wanted
  WHERE %(other)s AND entry.id >= %(id)s - %(near)s AND entry.id <= %(id)s + %(near)s
    AND entry.actor_kind = wanted.actor_kind AND entry.actor_id = wanted.actor_id
), same_actor AS (
  SELECT people.id FROM people, wanted WHERE people.actor_id = wanted.actor_id
  UNION ALL
  SELECT id FROM others
), near_actor AS (
  (SELECT id FROM same_actor WHERE id < %(id)s ORDER BY id DESC LIMIT %(around)s)
  UNION ALL
  (SELECT id FROM same_actor WHERE id > %(id)s ORDER BY id LIMIT %(around)s)
), found AS (
  SELECT 'execution' AS side, of_execution.* FROM of_execution
  UNION ALL
  SELECT 'actor', entry.* FROM near_actor JOIN actions_auditentry AS entry ON entry.id = near_actor.id
)
SELECT side, id, at, verb, actor_kind, actor_id, actor_label, execution_id, action, attempt, reason, data, xid FROM found
ORDER BY id DESC
"""


@dataclass(frozen=True, slots=True)
class Neighbours:
    """Entries around one, newest first; the one itself is not among them."""

    execution: tuple[Entry, ...]
    actor: tuple[Entry, ...]
    """Empty for the platform itself, which does most of what happens."""


def of(entry: Entry) -> Neighbours:
    """The nearest entries before and after."""
    person = entry.actor_kind == "user"
    with connection.cursor() as cursor:
        cursor.execute(
            _NEIGHBOURS,
            {
                "id": entry.id,
                "around": AROUND,
                "window": _WINDOW,
                "near": _NEAR,
                "person": person,
                "other": not person and entry.actor_kind != "system",
            },
        )
        rows = cursor.fetchall()
    sides: dict[str, list[Entry]] = {"execution": [], "actor": []}
    for side, *row in rows:
        found = entry_of(tuple(row))
        if not narrowing.hidden(found.action):
            sides[side].append(found)
    return Neighbours(tuple(sides["execution"]), tuple(sides["actor"]))
