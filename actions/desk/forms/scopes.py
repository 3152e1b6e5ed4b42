"""Scopes ticked in a form, which needs no script: verbs on kinds of actions, queues, the audit."""

from collections.abc import Iterable
from typing import Any

from django import forms

from actions.definitions.actor import Actor
from actions.desk.forms.keys import SCOPES_SAY, WhoseForm
from actions.desk.granting import WORDS
from actions.engine.keys import scopes
from actions.errors import InvalidInput

ROWS = 4
"""Kinds of actions that a form grants verbs on; what needs more is written as text."""
_AUDIT = {"audit:read": "read", "audit:export": "export"}
_PLAIN = {"autocomplete": "off", "spellcheck": "false"}


class ScopesForm(WhoseForm):
    """A new key whose scopes are ticked: verbs on kinds of actions, queues, the audit; and whatever else as text."""

    more = forms.CharField(
        label="Further scopes",
        required=False,
        help_text=f"One a line: {SCOPES_SAY}",
        widget=forms.Textarea(attrs={"rows": 3, "class": "do-json", **_PLAIN}),
    )
    queues = forms.CharField(
        label="Pause and resume queues",
        required=False,
        max_length=500,
        help_text="Names with spaces between them; * for every queue.",
        widget=forms.TextInput(attrs=_PLAIN),
    )
    audit = forms.MultipleChoiceField(label="The audit", required=False, widget=forms.CheckboxSelectMultiple)

    def __init__(self, data: Any = None, *, me: Actor, permissions: Iterable[str]) -> None:
        super().__init__(data, me=me)
        may = frozenset(permissions)
        # Nobody grants more than they may themselves: what would be refused is not offered.
        verbs = [(verb, WORDS[verb]) for verb in scopes.ACTION_VERBS if scopes.permission(f"action:*:{verb}") in may]
        for row in range(ROWS):
            self.fields[f"actions_{row}"] = forms.CharField(
                label="On actions",
                required=False,
                max_length=101,
                widget=forms.TextInput(
                    attrs={**_PLAIN, "list": "action-names", "placeholder": "send-* or * or a name"}
                ),
            )
            self.fields[f"verbs_{row}"] = forms.MultipleChoiceField(
                label="It may", required=False, choices=verbs, widget=forms.CheckboxSelectMultiple
            )
        audit = [(scope, word) for scope, word in _AUDIT.items() if scopes.permission(scope) in may]
        self.fields["audit"].choices = audit  # type: ignore[attr-defined]
        if not audit:
            del self.fields["audit"]
        if "view_payload" not in may:
            # Deliveries hold results.
            del self.fields["callback_url"], self.fields["callback_secret"]
        if "pause" not in may:
            del self.fields["queues"]

    def clean(self) -> dict[str, Any]:
        """With `scopes`, every fault at its field."""
        said = super().clean() or {}
        texts: list[str] = []
        for row in range(ROWS):
            texts += self._row(row, said)
        texts += self._checked("queues", [f"queue:{name}:pause" for name in said.get("queues", "").split()])
        texts += said.get("audit", [])
        texts += self._checked("more", said.get("more", "").splitlines())
        if not texts and not self.errors:
            self.add_error("actions_0", "A key without a scope could do nothing; say on which actions, and what.")
        said["scopes"] = tuple(dict.fromkeys(texts))
        return said

    def _row(self, row: int, said: dict[str, Any]) -> list[str]:
        name, verbs = said.get(f"actions_{row}", "").strip(), said.get(f"verbs_{row}", [])
        if verbs and not name:
            self.add_error(f"actions_{row}", "Say on which actions: a name, the start of names with *, or * for all.")
        if name and not verbs:
            self.add_error(f"verbs_{row}", f"Tick what the key may do on {name}.")
        if not (name and verbs):
            return []
        return self._checked(f"actions_{row}", [f"action:{name}:{verb}" for verb in verbs])

    def _checked(self, field: str, texts: list[str]) -> list[str]:
        """The scopes, or none where the field now has the first fault."""
        if not any(text.strip() for text in texts):
            return []
        try:
            return list(scopes.parse(texts))
        except InvalidInput as error:
            self.add_error(field, error.problems[0].message)
            return []

    @property
    def rows(self) -> list[tuple[Any, Any]]:
        """The fields of each kind of actions."""
        return [(self[f"actions_{row}"], self[f"verbs_{row}"]) for row in range(ROWS)]

    @property
    def used(self) -> bool:
        """Whether more than the first row has something in it."""
        return any(field.errors or (self.is_bound and field.data) for pair in self.rows[1:] for field in pair)
