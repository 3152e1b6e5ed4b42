"""What people say when they make, rotate and revoke API keys, and make the accounts that own them."""

from typing import Any

from django import forms

from actions import conf
from actions.definitions.actor import Actor
from actions.definitions.callback import Callback
from actions.desk.forms.acts import ReasonForm
from actions.engine.keys import scopes
from actions.engine.keys.create import HIGHEST_RATE, LONGEST_LIFE
from actions.engine.keys.rotate import LONGEST_OVERLAP, OVERLAP
from actions.errors import InvalidInput
from actions.outside.address import LONGEST
from actions.queries import keys

MYSELF = "myself"
SCOPES_SAY = "action:<name or start*>:<verb>, queue:<name or *>:pause, audit:read, audit:export."
_PLAIN = {"autocomplete": "off", "spellcheck": "false"}


class CallbackForm(ReasonForm):
    """Whom the ends of what is asked with a key are told to."""

    field_order: tuple[str, ...] = ("callback_url", "callback_secret", "reason")

    callback_url = forms.CharField(
        label="Callback",
        required=False,
        max_length=LONGEST,
        help_text="Is told the ends of what is asked with the key, unless a request names another one. Empty: nobody.",
        widget=forms.TextInput(attrs={**_PLAIN, "placeholder": "https://"}),
    )
    callback_secret = forms.CharField(
        label="Its secret",
        required=False,
        max_length=200,
        help_text="whsec_…, which signs what it is told. Empty: the installation's, also where there was another before.",
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def clean(self) -> dict[str, Any]:
        """A secret alone tells nobody."""
        said = super().clean() or {}
        if said.get("callback_secret") and not said.get("callback_url") and "callback_url" not in self.errors:
            self.add_error("callback_url", "A secret signs callbacks; say whom to tell.")
        return said

    @property
    def callback(self) -> Callback | None:
        """As the engine takes it."""
        said = self.cleaned_data
        url = said.get("callback_url", "")
        return Callback(url, said.get("callback_secret", "")) if url else None


class WhoseForm(CallbackForm):
    """A new key but for its scopes. Its owner is a service account, or whoever asks."""

    owner = forms.ChoiceField(help_text="In whose name the key acts.")
    label = forms.CharField(
        max_length=100,
        initial="default",
        help_text="What it is used for. There are at most two active keys of an owner and a label.",
        widget=forms.TextInput(attrs=_PLAIN),
    )
    days = forms.IntegerField(label="Days", min_value=1, max_value=LONGEST_LIFE, help_text="How long it lives.")
    rate = forms.FloatField(
        label="Requests a second", min_value=0.01, max_value=HIGHEST_RATE, help_text="Over all web processes."
    )

    def __init__(self, data: Any = None, *, me: Actor) -> None:
        knobs = conf.get()
        super().__init__(data, initial={"days": knobs.KEY_DAYS, "rate": knobs.KEY_RATE})
        self.me = me
        names = [(f"service:{name}", f"{name} (service account)") for name in keys.open_accounts()]
        self.fields["owner"].choices = [*names, (MYSELF, f"{me.label} (yourself)")]  # type: ignore[attr-defined]

    @property
    def chosen(self) -> dict[str, Any]:
        """What engine.keys.create is told: the owner, the scopes, and what else was said."""
        said = self.cleaned_data
        owner = said["owner"]
        whose = {"user": self.me.label} if owner == MYSELF else {"account": owner.removeprefix("service:")}
        same = {name: said[name] for name in ("label", "scopes", "days", "rate", "reason")}
        return {**whose, **same, "callback": self.callback}


class KeyForm(WhoseForm):
    """A new key, its scopes as text."""

    field_order = ("owner", "label", "scopes", "days", "rate", "callback_url", "callback_secret", "reason")

    scopes = forms.CharField(
        help_text=f"One a line: {SCOPES_SAY} Verbs: {', '.join(scopes.ACTION_VERBS)}.",
        widget=forms.Textarea(attrs={"rows": 6, "class": "do-json", **_PLAIN}),
        error_messages={"required": "A key without a scope could do nothing; give it one."},
    )

    def clean_scopes(self) -> tuple[str, ...]:
        """The scopes, or every fault."""
        try:
            return scopes.parse(self.cleaned_data["scopes"].splitlines())
        except InvalidInput as error:
            raise forms.ValidationError([problem.message for problem in error.problems[:10]]) from None


class RotateForm(ReasonForm):
    """How long both keys live."""

    field_order = ("overlap", "days", "reason")

    overlap = forms.IntegerField(
        label="Days for both",
        min_value=0,
        max_value=LONGEST_OVERLAP,
        initial=OVERLAP,
        help_text="After these the old key is refused; 0 ends it now.",
    )
    days = forms.IntegerField(
        label="Days for the new one", min_value=1, max_value=LONGEST_LIFE, help_text="How long it lives."
    )

    def __init__(self, data: Any = None) -> None:
        super().__init__(data, initial={"days": conf.get().KEY_DAYS})


class AccountForm(ReasonForm):
    """A new service account."""

    field_order = ("name", "description", "reason")

    name = forms.RegexField(
        r"^[a-z][a-z0-9._-]{0,99}\Z",
        help_text="1 to 100 characters of a-z 0-9 . _ -, a letter first. It never changes.",
        widget=forms.TextInput(attrs=_PLAIN),
    )
    description = forms.CharField(required=False, max_length=2_000, help_text="What it is.")
