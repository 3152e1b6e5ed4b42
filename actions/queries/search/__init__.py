"""Finding executions: the grammar, pages, counts, suggestions. docs/search.md tells people about it."""

from actions.queries.search.grammar import Fault, InvalidQuery, Query, Term, Value, parse
from actions.queries.search.listing import LARGEST_PAGE, WINDOW, Page, Row, every, page
from actions.queries.search.plan import EVERYTHING, Allowed

__all__ = [
    "EVERYTHING",
    "LARGEST_PAGE",
    "WINDOW",
    "Allowed",
    "Fault",
    "InvalidQuery",
    "Page",
    "Query",
    "Row",
    "Term",
    "Value",
    "every",
    "page",
    "parse",
]
