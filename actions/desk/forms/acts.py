"""What an operator says with an act: the reason, and what only one verb asks."""

from typing import Any

from django import forms

from actions import values
from actions.desk.forms.schema import MOMENT, moment
from actions.engine.access import LONGEST_REASON
from actions.engine.operate.resolve import Answer
from actions.errors import InvalidInput


class ReasonForm(forms.Form):
    """Why. Kept in the audit."""

    reason = forms.CharField(
        max_length=LONGEST_REASON,
        widget=forms.Textarea(attrs={"rows": 3, "maxlength": LONGEST_REASON}),
        help_text="Kept in the audit with your name.",
        error_messages={"required": "Say why; the audit keeps it."},
    )


class ResolveForm(ReasonForm):
    """What happened to an execution in doubt."""

    field_order = ("answer", "result", "reason")

    answer = forms.ChoiceField(
        label="What did you find out?",
        choices=[
            (Answer.HAPPENED.value, "It happened: it succeeded, with the result below"),
            (Answer.RUN_AGAIN.value, "It did not happen: do it again"),
            (Answer.GIVE_UP.value, "Give up: it failed"),
        ],
        widget=forms.RadioSelect,
        error_messages={"required": "Choose one of the three."},
    )
    result = forms.CharField(
        label="Result",
        required=False,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 4, "class": "do-json", "spellcheck": "false"}),
        help_text="JSON. Only where it happened; empty for none.",
    )

    def clean_result(self) -> Any:
        """The result as JSON."""
        text = self.cleaned_data["result"]
        return _json(text) if self.cleaned_data.get("answer") == Answer.HAPPENED else None


class EmitForm(ReasonForm):
    """What a workflow is told."""

    field_order = ("name", "payload", "reason")

    name = forms.CharField(
        label="Event",
        strip=False,
        max_length=100,
        help_text="Exactly as the workflow's wait_for() names it.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false", "maxlength": 100}),
    )
    payload = forms.CharField(
        required=False,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 6, "class": "do-json", "spellcheck": "false"}),
        help_text='JSON, such as {"approved": true}; a text stands in quotes. Empty for none.',
    )

    def clean_payload(self) -> Any:
        """The payload as JSON."""
        return _json(self.cleaned_data["payload"])


def _json(text: str) -> Any:
    """The value of a field's JSON text, None for an empty one; what is wrong with it as the field's error."""
    if not text.strip():
        return None
    try:
        return values.parse(text)
    except InvalidInput as error:
        raise forms.ValidationError(f"{error.path}: {error.message}" if error.path else error.message) from None


class OptionsForm(forms.Form):
    """How an execution is asked for."""

    available_at = forms.CharField(
        label="Not before (UTC)",
        required=False,
        help_text="Empty: now. At most a year ahead.",
        widget=forms.TextInput(attrs=MOMENT),
    )
    idempotency_key = forms.CharField(
        required=False,
        label="Idempotency key",
        help_text="Optional: the same key with the same params is the same execution.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    reason = forms.CharField(
        required=False, max_length=LONGEST_REASON, help_text="Optional. Kept in the audit with your name."
    )

    def clean_available_at(self) -> Any:
        """A time with its zone, or None."""
        text = self.cleaned_data["available_at"]
        if not text.strip():
            return None
        try:
            return moment(text)
        except InvalidInput as error:
            raise forms.ValidationError(error.message) from None


class ReplayOptionsForm(ReasonForm):
    """How an execution is replayed."""

    field_order = ("idempotency_key", "reason")
    idempotency_key = OptionsForm.base_fields["idempotency_key"]
