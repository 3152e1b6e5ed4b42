"""What people say of a schedule: its name, when it comes, what happens to times that were missed."""

from typing import Any

from django import forms

from actions.definitions.schedule import LONGEST_NAME
from actions.desk.forms.acts import ReasonForm
from actions.states import CatchUp
from actions.values.cron import LONGEST, timezones

_PLAIN = {"autocomplete": "off", "spellcheck": "false"}
_CATCH_UP = [
    (CatchUp.ONE.value, "Once, for all of them"),
    (CatchUp.SKIP.value, "Not at all"),
    (CatchUp.ALL.value, "Each of them, the newest hundred"),
]


class ScheduleForm(ReasonForm):
    """When an action is asked for. What may stand in the fields, the engine says."""

    field_order = ("name", "cron", "timezone", "catch_up", "reason")

    name = forms.CharField(
        max_length=LONGEST_NAME,
        widget=forms.TextInput(attrs={**_PLAIN, "maxlength": LONGEST_NAME}),
        help_text="What it is called beside the action, such as nightly.",
    )
    cron = forms.CharField(
        label="Cron expression",
        max_length=LONGEST,
        widget=forms.TextInput(attrs={**_PLAIN, "maxlength": LONGEST, "placeholder": "0 3 * * *", "class": "mono"}),
        help_text="Minute, hour, day of month, month, day of week: 0 3 * * * is every day at 3. A sixth field in front "
        "is the second.",
    )
    timezone = forms.ChoiceField(
        label="Time zone",
        choices=lambda: [(name, name) for name in sorted(timezones())],
        initial="UTC",
        help_text="Where the clock hangs that the expression is read from; it follows summer time there.",
    )
    catch_up = forms.ChoiceField(
        label="Times that were missed while nothing ran are done",
        choices=_CATCH_UP,
        initial=CatchUp.ONE.value,
    )

    def looking(self) -> None:
        """Ask for no more than what a preview needs."""
        for name in ("name", "reason"):
            self.fields[name].required = False

    @property
    def said(self) -> dict[str, Any]:
        """What the engine takes, but for the params and the reason."""
        return {name: self.cleaned_data[name] for name in ("name", "cron", "timezone", "catch_up")}
