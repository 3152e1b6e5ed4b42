"""All that fits a query, as ids with their attempts: what a bulk operation is chosen from."""

from uuid import UUID

from actions import narrowing
from actions.models import Execution
from actions.queries.search.cursors import Place
from actions.queries.search.grammar import Query
from actions.queries.search.listing import read
from actions.queries.search.plan import EVERYTHING, Allowed, plan_of

_COLUMNS = "execution.id, execution.finished_at, execution.attempt"


def choose(query: Query, most: int, *, allowed: Allowed | None = EVERYTHING) -> tuple[list[tuple[UUID, int]], bool]:
    """The executions that fit, in the order of the list, at most `most`, each with its attempt; and whether there are more.

    Reads on through windows to the end, so that the number is exact: one statement where an index answers, and one for each
    window where none does.
    """
    plan = plan_of(query, allowed=allowed)
    chosen: list[tuple[UUID, int]] = []
    place: Place | None = None
    while not plan.empty:
        wanted = most + 1 - len(chosen)
        rows, end = read(plan, place, wanted, _COLUMNS)
        chosen += [(id_, attempt) for id_, _, attempt in rows]
        if len(chosen) > most:
            return chosen[:most], True
        if end is None:
            break
        place = end
    return chosen, False


def seen(chosen: list[tuple[UUID, int]]) -> list[tuple[UUID, int]]:
    """Those that the reader may see of executions that were named one by one."""
    if narrowing.reader() is None:
        return chosen
    actions = dict(Execution.objects.filter(pk__in=[id_ for id_, _ in chosen]).values_list("id", "action_id"))
    return [one for one in chosen if one[0] in actions and not narrowing.hidden(actions[one[0]])]
