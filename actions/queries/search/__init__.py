"""Finding executions: the grammar, pages, counts, suggestions. docs/search.md tells people about it."""

from actions.queries.search.choose import choose, seen
from actions.queries.search.counts import CAP, Count, by_status, counted, total
from actions.queries.search.grammar import Fault, InvalidQuery, Query, Term, Value, parse
from actions.queries.search.left import left
from actions.queries.search.listing import LARGEST_PAGE, Page, Row, every, page
from actions.queries.search.plan import EVERYTHING, Allowed, Planner
from actions.queries.search.suggest import Suggestion, suggestions

__all__ = [
    "CAP",
    "EVERYTHING",
    "LARGEST_PAGE",
    "Allowed",
    "Count",
    "Fault",
    "InvalidQuery",
    "Page",
    "Planner",
    "Query",
    "Row",
    "Suggestion",
    "Term",
    "Value",
    "by_status",
    "choose",
    "counted",
    "every",
    "left",
    "page",
    "parse",
    "seen",
    "suggestions",
    "total",
]
