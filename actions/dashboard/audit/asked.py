"""What an address asks of the audit: the fields of the form, what is wrong with them, and the addresses beside it."""

from dataclasses import dataclass, field
from typing import Self
from urllib.parse import urlencode

from django.http import HttpRequest
from django.urls import reverse

from actions.dashboard.executions.asked import zone_of
from actions.queries.audit import VERBS
from actions.queries.search import InvalidQuery
from actions.queries.search.fields import TRIGGERS
from actions.queries.trail import Question, question_of

FIELDS = ("actor", "trigger", "verb", "action", "execution", "after", "before", "request", "operation", "xid", "run")
TOGETHER = {"operation": "Bulk operation", "xid": "Transaction", "run": "Execution and its steps"}
"""Fields that links fill and no box of the form does."""
LONGEST = 255
_KINDS = {
    "user": "People", "api_key": "API keys", "schedule": "Schedules", "workflow": "Workflows", "system": "The platform and code",
}  # fmt: skip
_PILLS: tuple[tuple[str, dict[str, str]], ...] = (
    ("Everything", {}),
    ("What people did", {"trigger": "user"}),
    ("What API keys did", {"trigger": "api_key"}),
    ("Refusals", {"verb": "access.*"}),
    ("Keys", {"verb": "*key.*"}),
    ("Exports", {"verb": "*.exported"}),
    ("Failures", {"verb": "execution.failed"}),
)


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several, of which one may hold."""

    label: str
    value: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class Asked:
    """The fields as they were typed, and the question that they ask."""

    given: dict[str, str]
    question: Question | None
    """None where it cannot be read."""
    faults: tuple[str, ...] = field(default=())
    apart: bool = False
    """Whether entries are shown one by one (`?apart=1`), not in blocks of what belongs together."""

    @classmethod
    def of(cls, request: HttpRequest) -> Self:
        """What the address says, in the reader's time zone."""
        given = {name: request.GET.get(name, "").strip()[:LONGEST] for name in FIELDS}
        apart = request.GET.get("apart") == "1"
        try:
            return cls(given, question_of(given, zone=zone_of(request)), apart=apart)
        except InvalidQuery as error:
            return cls(given, None, tuple(fault.message for fault in error.faults), apart)

    @property
    def filled(self) -> dict[str, str]:
        """The fields that ask for something."""
        return {name: text for name, text in self.given.items() if text}

    @property
    def address(self) -> str:
        """They as a part of an address."""
        return urlencode(self.filled)

    def at(self, cursor: str | None) -> str:
        """The page at a cursor; empty where there is none."""
        return f"{reverse('console:audit')}?{urlencode({**self._shown, 'cursor': cursor})}" if cursor else ""

    @property
    def other_way(self) -> str:
        """The same entries, one by one where they stand in blocks, and in blocks where they do not."""
        shown = self.filled if self.apart else {**self.filled, "apart": "1"}
        return f"{reverse('console:audit')}?{urlencode(shown)}"

    @property
    def together(self) -> list[tuple[str, str, str]]:
        """What links have filled: the name of the field, its label and its text."""
        return [(name, label, self.given[name]) for name, label in TOGETHER.items() if self.given[name]]

    @property
    def _shown(self) -> dict[str, str]:
        return {**self.filled, "apart": "1"} if self.apart else self.filled

    @property
    def pills(self) -> list[Choice]:
        """What is asked most."""
        here = reverse("console:audit")
        return [
            Choice(label, f"{here}?{urlencode(asks)}" if asks else here, self.filled == asks) for label, asks in _PILLS
        ]

    @property
    def kinds(self) -> list[Choice]:
        """Kinds of actors."""
        return [Choice(_KINDS[kind], kind, self.given["trigger"] == kind) for kind in TRIGGERS]

    @property
    def verbs(self) -> list[tuple[str, list[Choice]]]:
        """Every verb, by what it is about, and the one of the address where it is none of them."""
        chosen = self.given["verb"]
        families: dict[str, list[str]] = {}
        for verb in VERBS:
            families.setdefault(verb.partition(".")[0], []).append(verb)
        if chosen and chosen not in VERBS and chosen not in {f"{family}.*" for family in families}:
            families = {"as asked": [chosen], **families}
        return [
            (
                family.replace("_", " "),
                [Choice(verb, verb, verb == chosen) for verb in _whole(family, names)],
            )
            for family, names in families.items()
        ]


def _whole(family: str, names: list[str]) -> list[str]:
    """All of a family by one choice, where there are several."""
    return [f"{family}.*", *names] if len(names) > 1 else names
