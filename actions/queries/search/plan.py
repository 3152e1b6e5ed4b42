"""Query to plan: which streams are read, how far, and what is asked of each of their rows."""

from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

from django.db import connection

from actions import narrowing
from actions.queries.search import streams
from actions.queries.search.clauses import NEVER, Clause, any_of, clause_of, schedule_of, storable
from actions.queries.search.grammar import Query, Term, Value, identifier
from actions.queries.search.late import MOST, Late, late
from actions.queries.search.streams import Stream
from actions.queries.search.words import Catalogue, by_keys, fits, meaning_of
from actions.states import WITH_ERROR, Status

_MOST_PENDING = 20_000
"""Due and scheduled executions that are read whole."""
_MOST_RARE = 1_000
"""Executions of rare actions, which are read whole."""
_MOST_RARE_ACTIONS = 10
_MOST_ACTIONS = 100
"""Actions whose executions are read as streams of their own."""
_SKEW = timedelta(minutes=5)
_BOUNDS = ("after", "before")
_BY_END = ("finished-after", "finished-before")


@dataclass(frozen=True, slots=True)
class Allowed:
    """The actions that a reader may see: names, and prefixes that end in `*`."""

    names: tuple[str, ...]

    def __contains__(self, action: str) -> bool:
        return any(fits(name, action) for name in self.names)


EVERYTHING: Allowed | None = None
"""All that who reads now may see."""


def reader() -> Allowed | None:
    """What who reads now may see by the rule of the installation; None: everything."""
    now = narrowing.reader()
    return None if now is None else Allowed(now.names)


@dataclass(frozen=True, slots=True)
class Plan:
    """How a query is answered."""

    streams: tuple[Stream, ...]
    bounds: tuple[Clause, ...] = ()
    """Answered by the order of the streams."""
    rest: tuple[Clause, ...] = ()
    """Asked of each row."""
    sentences: tuple[str, ...] = ()
    """What the reader should know."""
    by_end: bool = False
    """Whether the list is ordered by finished_at."""
    empty: bool = field(default=False)
    partial: bool = field(default=False)
    """Whether there may be others, which it does not find."""

    @property
    def bounded(self) -> bool:
        """Whether only a window of the newest rows is looked at."""
        return bool(self.rest) and not all(stream.fenced for stream in self.streams)

    @property
    def number(self) -> int:
        """How many ordered streams share the window."""
        return sum(stream.number for stream in self.streams if not stream.fenced)

    @property
    def window(self) -> int:
        """Rows of each ordered stream that are looked at."""
        return max(1, min(stream.window for stream in self.streams if not stream.fenced) // self.number)


class Planner:
    """Plans one query for one reader; what it looks up, it looks up once. With `glance`, of more late executions than are
    looked at only those are listed that have been due longest, and the reader is told so."""

    def __init__(
        self,
        query: Query,
        allowed: Allowed | None = EVERYTHING,
        *,
        glance: bool = False,
        many_wait: bool = False,
        beside: "Planner | None" = None,
    ) -> None:
        """`many_wait`: take it that so many executions wait that they are not read whole, and do not count them. `beside`: one
        whose catalogue serves this one too."""
        self.catalogue: Catalogue = Catalogue() if beside is None else beside.catalogue
        meaning = meaning_of(query, self.catalogue)
        self.query = meaning.query
        self.sentences = list(meaning.sentences)
        self.allowed = reader() if allowed is EVERYTHING else allowed
        self._backlog: int | None = _MOST_PENDING + 1 if many_wait else None
        self._late: Late | None = None
        self._glance = glance
        self._partial = False
        self._numbers: dict[tuple[str, ...], int] = {}
        self._keyed: dict[tuple[str, ...], list[UUID]] = {}
        texts = [text for term in self.query.terms for text in (*term.path, *(value.text for value in term.values))]
        if not all(map(storable, texts)):
            self.sentences.append("A text with a NUL or half a character cannot be stored, and so not be found.")

    def plan(self, *, by_end: bool = True) -> Plan:
        """The plan of the list; with `by_end` a list of failed ones only is ordered by when they failed."""
        return self._plan(self.query, by_end=by_end)

    def plan_of(self, status: str) -> Plan:
        """The plan of the same query for one status in the place of those that it asks for."""
        query = self.query.without("state").having("state", status)
        found = self._plan(query, by_end=True)
        if found.bounded or found.bounds:
            return found
        # Without a window all orders have the same number, and that of ids is in an index alone.
        by_id = self._plan(query, by_end=False)
        return found if by_id.bounded else by_id

    def _plan(self, query: Query, *, by_end: bool) -> Plan:
        found, used = self._streams(query, by_end=by_end)
        ordered_by_end = any(stream.by_end for stream in found)
        bounds = _BY_END if ordered_by_end else _BOUNDS
        within: list[Clause] = []
        rest: list[Clause] = []
        for term in query.terms:
            if id(term) in used:
                continue
            clause = clause_of(query, term, workflows=self.catalogue.workflows)
            (within if term.field in bounds and not term.negated else rest).append(clause)
            if ordered_by_end and term.field == "after" and not term.negated:
                # Nothing ends before it was accepted, but for clocks that differ.
                earliest = query.moment(term.values[0]) - _SKEW
                within.append(Clause("execution.finished_at >= %s", (earliest,)))
        restriction = self._restriction(found)
        if restriction is not None:
            rest.append(restriction)
        empty = not found or any(clause == NEVER for clause in (*within, *rest))
        return Plan(
            tuple(found), tuple(within), tuple(rest), tuple(self.sentences), ordered_by_end, empty, self._partial
        )

    def _streams(self, query: Query, *, by_end: bool) -> tuple[list[Stream], set[int]]:
        """What is read, and the ids() of the terms that it answers."""
        named = self._named(query, by_end=by_end)
        if named is not None:
            return named
        statuses = query.statuses
        if any(not term.negated for term in query.of("is")):
            statuses = tuple(status for status in streams.PENDING if statuses is None or status in statuses)
            if not statuses or not (found := self._late_ones()).more or self._glance:
                return ([streams.of_ids("id", [*found.ids])] if statuses and found.ids else []), set()
        if statuses == (Status.FAILED,) and by_end:
            names, used = self._asked(query)
            if used:
                used |= {id(term) for term in query.of("state")}
                return ([streams.of_failed(names)] if names else []), used
        if statuses is None and any(not term.negated for term in query.of("error")):
            statuses = tuple(status for status in Status if status in WITH_ERROR)
        rare = self._rare(query, statuses)
        if rare:
            return self._ordered([streams.of_rare(rare)], query, by_end), {id(term) for term in query.of("action")}
        if statuses is not None and Status.SUCCEEDED not in statuses and self._small(statuses):
            used = {id(term) for term in query.of("state")}
            if query.statuses == (Status.FAILED,) and by_end:
                return [streams.FAILED_BY_END], used
            return streams.of_statuses(statuses), used
        return self._of_actions(query)

    def _named(self, query: Query, *, by_end: bool) -> tuple[list[Stream], set[int]] | None:
        """The stream of a term that names few rows: ids, groups of failures, schedules; None where there is none."""
        for column in ("id", "key", "parent", "replay", "bulk"):
            for term in query.of(column):
                if not term.negated and not any(value.pattern for value in term.values):
                    return self._ordered(self._of_ids(term), query, by_end), {id(term)}
        for term in query.of("group"):
            if not term.negated:
                return self._of_groups(term, query, by_end), {id(term)}
        for term in query.of("actor"):
            schedules = tuple(dict.fromkeys(map(schedule_of, term.values)))
            if not term.negated and all(schedules):
                return [streams.of_schedules(schedules)], {id(term)}
        return None

    def _of_actions(self, query: Query) -> tuple[list[Stream], set[int]]:
        """Streams of the actions asked for, else of those allowed, else of everything."""
        names, used = self._asked(query)
        if used:
            return ([streams.of_actions(names)] if names else []), used
        if self.allowed is not None:
            names = self._visible(list(self.catalogue.kinds))
            if len(names) <= _MOST_ACTIONS:
                return ([streams.of_actions(names)] if names else []), set()
        return [streams.ALL], set()

    def _asked(self, query: Query) -> tuple[tuple[str, ...], set[int]]:
        """The actions that a term asks for, and its id(); nothing where none does, or for too many."""
        for term in query.of("action"):
            if not term.negated:
                names = self._visible(self.catalogue.matching(_possible(term.values)))
                if len(names) <= _MOST_ACTIONS:
                    return names, {id(term)}
        return (), set()

    def _of_groups(self, term: Term, query: Query, by_end: bool) -> list[Stream]:
        names = tuple(dict.fromkeys(value.text for value in term.values))
        if self._number(streams.NUMBER_OF_GROUPS, names) <= _MOST_RARE:
            return self._ordered([streams.of_small_groups(names)], query, by_end)
        return [streams.of_groups(names)]

    def _of_ids(self, term: Term) -> list[Stream]:
        texts = [value.text for value in _possible(term.values)]
        ids: list[UUID | None] = (
            [*self._by_keys(texts)] if term.field == "key" else [identifier(text) for text in texts]
        )
        return [streams.of_ids("id" if term.field == "key" else term.field, ids)] if ids else []

    def _ordered(self, found: list[Stream], query: Query, by_end: bool) -> list[Stream]:
        """Small streams, ordered as the list of failed ones is, where the query asks for nothing else."""
        return [stream.by_finish() for stream in found] if by_end and query.statuses == (Status.FAILED,) else found

    def _rare(self, query: Query, statuses: tuple[str, ...] | None) -> tuple[str, ...]:
        """The actions that the query asks for, if they have few executions and it asks for something else as well."""
        asked = list(query.of("action"))
        if len(asked) != 1 or asked[0].negated or (statuses is None and len(query.terms) == 1):
            return ()
        names = self._visible(self.catalogue.matching(_possible(asked[0].values)))
        if not 0 < len(names) <= _MOST_RARE_ACTIONS:
            return ()
        return names if self._number(streams.NUMBER, names) <= _MOST_RARE else ()

    def _number(self, statement: str, names: tuple[str, ...]) -> int:
        """How many executions these actions or groups have, up to a bound for each."""
        if names not in self._numbers:
            with connection.cursor() as cursor:
                cursor.execute(statement, [list(names), _MOST_RARE + 1])
                self._numbers[names] = cursor.fetchone()[0]
        return self._numbers[names]

    def _by_keys(self, keys: list[str]) -> list[UUID]:
        if tuple(keys) not in self._keyed:
            self._keyed[tuple(keys)] = by_keys(keys)
        return self._keyed[tuple(keys)]

    def _small(self, statuses: tuple[str, ...]) -> bool:
        """Whether the pending ones among these statuses are few enough to be read whole."""
        if not set(statuses) & set(streams.PENDING):
            return True
        if self._backlog is None:
            with connection.cursor() as cursor:
                cursor.execute(streams.BACKLOG, [_MOST_PENDING + 1])
                self._backlog = cursor.fetchone()[0]
        return self._backlog <= _MOST_PENDING

    def _late_ones(self) -> Late:
        if self._late is None:
            self._late = late(self.query.now)
            if self._glance and self._late.more:
                self._partial = True
                self.sentences.append(
                    f"More than {MOST:,} are late: these are the ones among them that have been due longest."
                )
        return self._late

    def _visible(self, names: list[str]) -> tuple[str, ...]:
        return tuple(name for name in names if self.allowed is None or name in self.allowed)

    def _restriction(self, found: list[Stream]) -> Clause | None:
        """What keeps other actions' executions out, where the streams themselves do not."""
        if self.allowed is None or (found and all(stream.names_actions for stream in found)):
            return None
        names = self._visible(list(self.catalogue.kinds)) + tuple(
            name for name in self.allowed.names if not name.endswith("*")
        )
        return any_of([Clause("execution.action_id || '' = ANY (%s::text[])", (list(dict.fromkeys(names)),))])


def plan_of(query: Query, *, allowed: Allowed | None = EVERYTHING, by_end: bool = True) -> Plan:
    """The plan of a query."""
    return Planner(query, allowed).plan(by_end=by_end)


def _possible(values: tuple[Value, ...]) -> tuple[Value, ...]:
    return tuple(value for value in values if storable(value.text))
