"""Service accounts: who owns API keys without being a person; made, disabled and enabled, with a reason."""

from functools import partial
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.utils import quote, unquote
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from actions import messages as words
from actions.admin import show
from actions.admin.base import actor_of, require
from actions.admin.keys import MANAGE, Managed
from actions.desk.forms.acts import ReasonForm
from actions.desk.forms.keys import AccountForm
from actions.engine.keys.accounts import create_account, disable_account, enable_account
from actions.models import ServiceAccount
from actions.queries import keys


@admin.register(ServiceAccount)
class ServiceAccountAdmin(Managed):
    """Accounts with what they have."""

    list_display = ("name", "shown_description", "shown_state", "active_keys", "created", "change_state")
    list_display_links = None
    ordering = ("name",)
    console = ("keys", "")
    change_list_template = "admin/actions/accounts.html"
    note = "Other systems that ask by the HTTP API. What is asked with any key of an account is the account's."

    def get_queryset(self, request: HttpRequest) -> QuerySet[ServiceAccount]:
        """Each with the number of its keys."""
        return keys.with_active(super().get_queryset(request))

    def get_urls(self) -> list[URLPattern]:
        """Making, disabling and enabling before Django's own."""
        wrap = self.admin_site.admin_view
        return [
            path("create/", wrap(self._create), name="actions_serviceaccount_create"),
            path("<str:name>/disable/", wrap(partial(self._switch, off=True)), name="actions_serviceaccount_disable"),
            path("<str:name>/enable/", wrap(partial(self._switch, off=False)), name="actions_serviceaccount_enable"),
            *super().get_urls(),
        ]

    def detail_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """There is nothing more to see than the list shows."""
        return self.changelist_view(request)

    def _create(self, request: HttpRequest) -> HttpResponse:
        require(request, MANAGE)
        form = AccountForm(request.POST if request.method == "POST" else None)

        def act() -> HttpResponse:
            said = form.cleaned_data
            create_account(
                said["name"], description=said["description"], actor=actor_of(request), reason=said["reason"]
            )
            messages.success(request, f"{said['name']}: made. It can own keys now.")
            return HttpResponseRedirect(_back())

        context = {
            "title": "New service account",
            "explain": words.EXPLAIN["create_account"],
            "verb": "Make the account",
        }
        return self.ask(request, form, act, back=_back(), **context)

    def _switch(self, request: HttpRequest, name: str, *, off: bool) -> HttpResponse:
        require(request, MANAGE)
        account = keys.account(unquote(name))
        if account is None:
            raise Http404("There is no such service account.")
        verb, change = ("disable", disable_account) if off else ("enable", enable_account)
        form = ReasonForm(request.POST if request.method == "POST" else None)

        def act() -> HttpResponse:
            changed = change(account.name, actor=actor_of(request), reason=form.cleaned_data["reason"])
            if changed:
                messages.success(request, f"{account}: {verb}d.")
                self.log_change(request, account, f"{verb}: {form.cleaned_data['reason']}"[:2_000])
            else:
                messages.warning(request, f"{account} was {verb}d before. Nothing was changed.")
            return HttpResponseRedirect(_back())

        context = {
            "title": f"{verb.capitalize()} {account}",
            "explain": words.EXPLAIN[f"{verb}_account"],
            "verb": verb.capitalize(),
            "danger": off,
        }
        return self.ask(request, form, act, back=_back(), **context)

    @admin.display(description="description")
    def shown_description(self, account: ServiceAccount) -> str:
        """Text as text."""
        return show.visible(account.description)

    @admin.display(description="state")
    def shown_state(self, account: ServiceAccount) -> SafeString | str:
        """Disabled since when."""
        if account.disabled_at is None:
            return "active"
        return format_html('<span class="do-paused">❚❚ disabled</span> since {}', show.when(account.disabled_at))

    @admin.display(description="active keys")
    def active_keys(self, account: Any) -> int:
        """Neither expired nor revoked."""
        return int(account.active)

    @admin.display(description="made")
    def created(self, account: ServiceAccount) -> str:
        """UTC."""
        return show.when(account.created_at)

    @admin.display(description="")
    def change_state(self, account: ServiceAccount) -> SafeString:
        """A way to the other state."""
        verb = "enable" if account.disabled_at else "disable"
        url = reverse(f"admin:actions_serviceaccount_{verb}", args=[quote(account.name)])
        return format_html('<a class="do-button" href="{}">{}</a>', url, verb.capitalize())


def _back() -> str:
    return reverse("admin:actions_serviceaccount_changelist")
