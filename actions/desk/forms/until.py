"""For how long something is to be so: one of some lengths, until a time, or for good; and why."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, ClassVar

from django import forms
from django.utils import timezone

from actions.desk.forms.acts import ReasonForm
from actions.desk.forms.schema import MOMENT, moment
from actions.errors import InvalidInput


class UntilForm(ReasonForm):
    """Subclasses have the field `span`, whose choices are those of `lengths`, "until", and one for good."""

    field_order = ("span", "until", "reason")
    lengths: ClassVar[Mapping[str, timedelta]] = {}

    until = forms.CharField(
        label="Until (UTC)",
        required=False,
        widget=forms.TextInput(attrs=MOMENT),
    )

    def clean(self) -> dict[str, Any]:
        """With `until` as a time with its zone, None for good."""
        said = super().clean() or {}
        span = said.get("span", "")
        if span == "until":
            said["until"] = self._time(said.get("until", ""))
        else:
            said["until"] = timezone.now() + self.lengths[span] if span in self.lengths else None
        return said

    def _time(self, text: str) -> datetime | None:
        try:
            found = moment(text) if text.strip() else None
        except InvalidInput as error:
            self.add_error("until", error.message)
            return None
        if found is None or found <= timezone.now():
            self.add_error("until", "Give a time that is still to come, in UTC.")
        return found


class PauseForm(UntilForm):
    """Until when something is paused."""

    lengths: ClassVar = {
        "quarter": timedelta(minutes=15),
        "hour": timedelta(hours=1),
        "hours": timedelta(hours=4),
        "day": timedelta(days=1),
    }

    span = forms.ChoiceField(
        label="Until when?",
        choices=[
            ("ever", "Until somebody resumes it"),
            ("quarter", "For 15 minutes"),
            ("hour", "For 1 hour"),
            ("hours", "For 4 hours"),
            ("day", "For one day"),
            ("until", "Until the time below"),
        ],
        initial="ever",
        required=False,
        widget=forms.RadioSelect,
    )
