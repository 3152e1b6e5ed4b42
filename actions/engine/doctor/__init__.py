"""doctor: questions about settings and processes that would lose work or let it lie, each with what to do."""

from collections.abc import Callable, Iterator

from django.db import DatabaseError, InterfaceError, ProgrammingError

from actions.engine.doctor import broker, database, work
from actions.engine.doctor.finding import Finding, Level

__all__ = ["Finding", "Level", "examine"]


def examine() -> list[Finding]:
    """All findings, PostgreSQL's first. Never raises for what is away: that is a finding."""
    return [*_asked("postgresql", database.examine), *_asked("work", work.examine), *broker.examine()]


def _asked(subject: str, ask: Callable[[], Iterator[Finding]]) -> list[Finding]:
    """The findings until PostgreSQL fails to answer, and then that."""
    findings: list[Finding] = []
    try:
        findings.extend(ask())
    except ProgrammingError:
        meaning = "The tables of this code are not all there, so the rest was not asked."
        findings.append(Finding(f"{subject}.tables", Level.FAIL, "tables are missing", meaning, "manage.py migrate"))
    except (DatabaseError, InterfaceError) as error:
        found = f"PostgreSQL does not answer: {' '.join(str(error).split())[:300]}"
        meaning = "Nothing is accepted, performed or shown without it."
        remedy = "Start PostgreSQL, or correct DATABASE_URL."
        findings.append(Finding(f"{subject}.reachable", Level.FAIL, found, meaning, remedy))
    return findings
