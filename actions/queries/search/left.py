"""Rows that a list has shown and that its page does not hold any more."""

from collections.abc import Iterable

from actions.ids import parse_id
from actions.queries.search.grammar import Query
from actions.queries.search.listing import LARGEST_PAGE, Row, page
from actions.queries.search.plan import Planner


def left(query: Query, public_ids: Iterable[str], planner: Planner | None = None) -> list[tuple[Row, bool]]:
    """These executions as they stand now, and whether they have left the search too: others fit a later page. Two statements,
    and none without ids; what is no id, and what is there no more, is left out. At most LARGEST_PAGE. `planner`: the list's."""
    ids = [id_ for id_ in public_ids if parse_id(id_)][:LARGEST_PAGE]
    if not ids:
        return []
    now = page(Query().having("id", *ids), limit=LARGEST_PAGE)
    among = query.having("id", *ids)
    fitting = {row.id for row in page(among, limit=LARGEST_PAGE, planner=Planner(among, beside=planner)).rows}
    return [(row, row.id not in fitting) for row in now.rows]
