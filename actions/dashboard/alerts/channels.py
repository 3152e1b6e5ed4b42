"""Channels are made, given another address, tested, disabled, enabled and removed. No page has an address."""

from functools import partial

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse

from actions import messages as words
from actions.dashboard.acting import act
from actions.dashboard.alerts.confirm import Verb, asked, confirm
from actions.dashboard.routes import needs, route
from actions.desk.forms.alerts import AddressForm, ChannelForm, TestForm
from actions.desk.permit import actor_of
from actions.engine.alerts.channels.change_address import change_address
from actions.engine.alerts.channels.create import create
from actions.engine.alerts.channels.disable import disable, enable
from actions.engine.alerts.channels.remove import remove
from actions.engine.alerts.channels.try_out import try_out
from actions.models import AlertChannel
from actions.queries import alerts

_HERE = "view_execution", "manage_alerts"


@needs(*_HERE, whole=True)
def new(request: HttpRequest) -> HttpResponse:
    """Make a channel."""
    form = ChannelForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        said = {name: form.cleaned_data[name] for name in ("kind", "address", "secret", "reason")}
        answer = act(
            request,
            form,
            lambda: create(form.cleaned_data["name"], **said, actor=actor_of(request)),
            said="The channel is made. Send it a test, and let rules tell it.",
            to=reverse("console:alerts"),
        )
        if answer is not None:
            return answer
    return asked(
        request, form, "New alert channel", words.EXPLAIN["create_channel"], verb="Make the channel", icon="plus"
    )


@needs(*_HERE, whole=True)
def address(request: HttpRequest, channel: int) -> HttpResponse:
    """Tell another address from now on."""
    row = _find(channel)
    form = AddressForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        said = {name: form.cleaned_data[name] for name in ("address", "secret", "reason")}
        answer = act(
            request,
            form,
            lambda: change_address(row.pk, **said, actor=actor_of(request)),
            said=f"{row.name} leads there now. Send it a test.",
            to=reverse("console:alerts"),
        )
        if answer is not None:
            return answer
    explain = f"{words.EXPLAIN['change_channel']} Now: {row.shown}"
    return asked(request, form, f"Another address for {row.name}", explain, verb="Change the address", icon="check")


@needs(*_HERE, whole=True)
def trial(request: HttpRequest, channel: int) -> HttpResponse:
    """Send a test, and look how far it comes."""
    row = _find(channel)
    form = TestForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        answer = act(
            request,
            form,
            lambda: try_out(row.pk, actor=actor_of(request), reason=form.cleaned_data["reason"]),
            said="The test is on its way. This page says when it has arrived.",
            to=lambda public: reverse("console:alert", args=[public]),
        )
        if answer is not None:
            return answer
    return asked(request, form, f"Test {row.name}", words.EXPLAIN["test_channel"], verb="Send a test", icon="bell")


_ENDS = {
    "disable": Verb(disable, "pause", True, "{} is disabled: nothing is sent there."),
    "enable": Verb(enable, "play", False, "{} is enabled again."),
    "remove": Verb(remove, "close", True, "{} is removed, and its address with it."),
}


def _act(request: HttpRequest, channel: int, *, verb: str) -> HttpResponse:
    return confirm(request, _find(channel), verb, _ENDS[verb])


def _find(channel: int) -> AlertChannel:
    row = alerts.channel(channel) if channel < 2**63 else None
    if row is None:
        raise Http404("There is no such alert channel.")
    return row


routes = [
    route("alerts/channels/new/", new, "alert-channel-new"),
    route("alerts/channels/<int:channel>/address/", address, "alert-channel-address"),
    route("alerts/channels/<int:channel>/test/", trial, "alert-channel-test"),
    *(
        route(
            f"alerts/channels/<int:channel>/{verb}/",
            needs(*_HERE, whole=True)(partial(_act, verb=verb)),
            f"alert-channel-{verb}",
        )
        for verb in _ENDS
    ),
]
