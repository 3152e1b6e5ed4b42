"""What people say when they make and change alert rules and channels. Times are in the units that people think in."""

from typing import Any

from django import forms

from actions import conf
from actions.desk.forms.acts import ReasonForm
from actions.engine.alerts.kinds import KINDS, LONGEST_WINDOW, QUIET
from actions.engine.alerts.rules.wanted import Wanted
from actions.models import AlertChannel, AlertRule
from actions.models.alert import LONGEST_NAME
from actions.outside.address import LONGEST
from actions.outside.services import PLAIN
from actions.queries import alerts

_PLAIN = {"autocomplete": "off", "spellcheck": "false"}
_MINUTE = 60
_SCOPES = dict(AlertRule.Scope.choices)


class RuleForm(ReasonForm):
    """A rule of one kind: only the fields that its kind has."""

    field_order = (
        "name", "scope", "of", "threshold", "window", "least", "quiet", "channels", "tell_recovery", "reason",
    )  # fmt: skip

    name = forms.CharField(
        max_length=LONGEST_NAME, help_text="Stands in every alert.", widget=forms.TextInput(attrs=_PLAIN)
    )
    scope = forms.ChoiceField(label="Watches", required=False)
    of = forms.CharField(
        required=False,
        max_length=100,
        widget=forms.TextInput(attrs={**_PLAIN, "list": "watched"}),
    )
    threshold = forms.FloatField(widget=forms.NumberInput(attrs={"step": "any"}))
    window = forms.IntegerField(
        label="Looks back (minutes)", min_value=1, max_value=LONGEST_WINDOW // _MINUTE, initial=60
    )
    least = forms.IntegerField(
        label="At least so many that ended",
        min_value=1,
        initial=20,
        help_text="With fewer in that time nothing is told.",
    )
    quiet = forms.IntegerField(
        label="Quiet time (minutes)",
        min_value=1,
        max_value=QUIET[-1] // _MINUTE,
        help_text="A subject is told of once in this time at most; what lasts longer is told again after it.",
    )
    channels = forms.MultipleChoiceField(
        label="Tells", required=False, widget=forms.CheckboxSelectMultiple, help_text="None: only the log has it."
    )
    tell_recovery = forms.BooleanField(
        label="Tell also when it is over",
        required=False,
        initial=True,
        help_text="Once, to the channels that were told.",
    )

    def __init__(self, kind: str, data: Any = None, *, rule: AlertRule | None = None) -> None:
        about = KINDS[kind]
        shown = {"quiet": about.quiet // _MINUTE, "threshold": about.threshold, "scope": about.scopes[0]}
        if rule is not None:
            shown = {
                name: getattr(rule, name) for name in ("name", "scope", "of", "threshold", "least", "tell_recovery")
            }
            shown |= {"window": rule.window // _MINUTE, "quiet": rule.quiet // _MINUTE, "channels": rule.channels}
        super().__init__(data, initial=shown)
        self.fields["scope"].choices = [(scope, _SCOPES[scope].capitalize()) for scope in about.scopes]  # type: ignore[attr-defined]
        self.fields["of"].label = f"Which {' or '.join(scope for scope in about.scopes if scope)}"
        names = [(str(one.pk), one.name) for one in alerts.channels_of()]
        self.fields["channels"].choices = names  # type: ignore[attr-defined]
        if about.unit:
            self.fields["threshold"].label = "More than (per cent)" if about.unit == "%" else "Longer than (seconds)"
        else:
            del self.fields["threshold"]
        if not about.windowed:
            del self.fields["window"], self.fields["least"]
        if not about.lasting:
            del self.fields["tell_recovery"]
        if not names:
            del self.fields["channels"]

    @property
    def wanted(self) -> Wanted:
        """As the engine takes it."""
        said = self.cleaned_data
        return Wanted(
            name=said["name"],
            scope=said["scope"],
            of=said["of"],
            threshold=said.get("threshold"),
            least=said.get("least") or 1,
            window=(said.get("window") or _MINUTE) * _MINUTE,
            quiet=said["quiet"] * _MINUTE,
            channels=tuple(map(int, said.get("channels", ()))),
            tell_recovery=said.get("tell_recovery", False),
        )


class AddressForm(ReasonForm):
    """Where a channel leads. What is typed is not shown again."""

    field_order: tuple[str, ...] = ("address", "secret", "reason")

    address = forms.CharField(
        max_length=LONGEST,
        strip=True,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password", "spellcheck": "false"}),
    )
    secret = forms.CharField(
        label="Signing secret",
        required=False,
        max_length=200,
        help_text="whsec_…, for a webhook only. Empty: the installation's (manage.py deliveries secret).",
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def __init__(self, data: Any = None) -> None:
        super().__init__(data)
        knobs = conf.get()
        offered = [one for one in knobs.ALERT_SCHEMES or conf.SCHEMES if knobs.OUTSIDE_ALLOW_HTTP or one not in PLAIN]
        schemes = ", ".join(f"{scheme}://" for scheme in offered)
        self.fields["address"].help_text = (
            f"Of a service, as Apprise writes it ({schemes}), or the https:// address of a webhook. It is kept encrypted, and "
            "not shown again."
        )


class ChannelForm(AddressForm):
    """A new channel."""

    field_order = ("name", "kind", "address", "secret", "reason")

    name = forms.CharField(
        max_length=LONGEST_NAME, help_text="As rules and the log call it.", widget=forms.TextInput(attrs=_PLAIN)
    )
    kind = forms.ChoiceField(
        choices=[
            (AlertChannel.Kind.APPRISE.value, "A service: mail, Slack, Teams, ntfy, PagerDuty and others, by Apprise"),
            (AlertChannel.Kind.WEBHOOK.value, "A webhook: a signed request to an address of yours"),
        ],
        initial=AlertChannel.Kind.APPRISE.value,
        widget=forms.RadioSelect,
    )


class TestForm(ReasonForm):
    """Why a test is sent: nearly always to see whether it arrives."""

    def __init__(self, data: Any = None) -> None:
        super().__init__(data, initial={"reason": "To see whether it arrives."})
