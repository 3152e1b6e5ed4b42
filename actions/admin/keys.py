"""API keys: who has them and what they may do; made, rotated and revoked, with a reason. A text is shown once."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from actions import messages as words
from actions.admin import show
from actions.admin.base import LookOnly, actor_of, may, require
from actions.admin.filters import KeyStateFilter
from actions.desk.asking import FORM_KEY, fresh_key, sent_key
from actions.desk.forms.acts import ReasonForm
from actions.desk.forms.keys import CallbackForm, KeyForm, RotateForm
from actions.engine.keys.callback import set_callback
from actions.engine.keys.create import NewKey, create
from actions.engine.keys.revoke import revoke
from actions.engine.keys.rotate import rotate
from actions.errors import DoplatformError, Forbidden, InvalidInput, ReasonRequired
from actions.models import ApiKey
from actions.queries import keys
from actions.queries.deliveries import shown_url

MANAGE = "manage_keys"
_SIGNS = {"active": ("succeeded", "✓"), "expired": ("cancelled", "–"), "revoked": ("failed", "✕")}


class Managed(LookOnly):
    """Pages for those who manage keys."""

    def has_view_permission(self, request: HttpRequest, _obj: Model | None = None) -> bool:
        """A permission of its own."""
        return may(request, MANAGE)

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Named in the index only for those who may."""
        return may(request, MANAGE)

    def ask(self, request: HttpRequest, form: Form, act: Callable[[], HttpResponse], **context: Any) -> HttpResponse:
        """GET shows the form; POST acts, or puts the engine's answer at the fields."""
        if request.method == "POST" and form.is_valid():
            try:
                return act()
            except Forbidden as error:
                raise PermissionDenied(error.message) from None
            except ReasonRequired as error:
                form.add_error("reason", error.message)
            except DoplatformError as error:
                field = error.path.partition("[")[0].replace(".", "_") if isinstance(error, InvalidInput) else None
                form.add_error(field if field in form.fields else None, error.message)
        return self.page(request, "key_form.html", {"form": form, "key_field": FORM_KEY, **context})


@admin.register(ApiKey)
class ApiKeyAdmin(Managed):
    """Keys, never their texts."""

    list_display = ("shown_id", "owner", "label", "shown_state", "shown_scopes", "expires", "used", "last_used_ip")
    list_filter = (KeyStateFilter,)
    ordering = ("-created_at", "id")
    console = ("keys", "key")
    change_list_template = "admin/actions/keys.html"
    note = "What other systems ask with. A key's text was shown once, when it was made; here is only what it may do."

    def get_queryset(self, request: HttpRequest) -> QuerySet[ApiKey]:
        """Each with its state."""
        return keys.with_state(super().get_queryset(request))

    def get_urls(self) -> list[URLPattern]:
        """What is done with keys before Django's own."""
        wrap = self.admin_site.admin_view
        return [
            path("create/", wrap(self._create), name="actions_apikey_create"),
            path("<str:key>/rotate/", wrap(self._rotate), name="actions_apikey_rotate"),
            path("<str:key>/callback/", wrap(self._callback), name="actions_apikey_callback"),
            path("<str:key>/revoke/", wrap(self._revoke), name="actions_apikey_revoke"),
            *super().get_urls(),
        ]

    def detail_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """One key."""
        require(request, MANAGE)
        key = self._find(object_id)
        context = {
            "title": str(key),
            "key": key,
            "callback": shown_url(key.callback_url),
            "sign": _sign(key.state),
            "actor": f"{key.owner} · {key}",
            "may_audit": may(request, "view_audit"),
            **self.beside(key.pk),
        }
        return self.page(request, "key.html", context)

    def _create(self, request: HttpRequest) -> HttpResponse:
        require(request, MANAGE)
        me = actor_of(request)
        form = KeyForm(request.POST if request.method == "POST" else None, me=me)

        def act() -> HttpResponse:
            made = create(**form.chosen, actor=me, once=f"{me.principal} {sent_key(request)}")
            return self._show_once(request, made)

        back = reverse("admin:actions_apikey_changelist")
        return self.ask(request, form, act, **_frame("New API key", "create_key", "Make the key", back, request))

    def _rotate(self, request: HttpRequest, key: str) -> HttpResponse:
        require(request, MANAGE)
        row = self._find(key)
        me = actor_of(request)
        form = RotateForm(request.POST if request.method == "POST" else None)

        def act() -> HttpResponse:
            said = form.cleaned_data
            made = rotate(
                row.pk,
                overlap=said["overlap"],
                days=said["days"],
                actor=me,
                reason=said["reason"],
                once=f"{me.principal} {sent_key(request)}",
            )
            return self._show_once(request, made)

        frame = _frame(f"Rotate {row}", "rotate_key", "Make the second key", _page_of(row), request)
        return self.ask(request, form, act, row=row, **frame)

    def _callback(self, request: HttpRequest, key: str) -> HttpResponse:
        require(request, MANAGE)
        row = self._find(key)
        form = CallbackForm(request.POST if request.method == "POST" else None)

        def act() -> HttpResponse:
            reason = form.cleaned_data["reason"]
            if set_callback(row.pk, form.callback, actor=actor_of(request), reason=reason):
                messages.success(request, words.key_tells(str(row), told=form.callback is not None))
                self.log_change(request, row, f"callback: {reason}"[:2_000])
            else:
                messages.warning(request, "Nobody was told before. Nothing was changed.")
            return HttpResponseRedirect(_page_of(row))

        frame = _frame(f"Callback of {row}", "key_callback", "Change the callback", _page_of(row), request)
        return self.ask(request, form, act, row=row, callback=shown_url(row.callback_url), **frame)

    def _revoke(self, request: HttpRequest, key: str) -> HttpResponse:
        require(request, MANAGE)
        row = self._find(key)
        form = ReasonForm(request.POST if request.method == "POST" else None)

        def act() -> HttpResponse:
            if revoke(row.pk, actor=actor_of(request), reason=form.cleaned_data["reason"]):
                messages.success(request, f"{row} is revoked: refused everywhere within a second.")
                self.log_change(request, row, f"revoke: {form.cleaned_data['reason']}"[:2_000])
            else:
                messages.warning(request, f"{row} was revoked before, by {row.revoked_by}. Nothing was changed.")
            return HttpResponseRedirect(_page_of(row))

        frame = _frame(f"Revoke {row}", "revoke_key", "Revoke", _page_of(row), request)
        return self.ask(request, form, act, row=row, danger=True, **frame)

    def _show_once(self, request: HttpRequest, made: NewKey) -> HttpResponse:
        """The only page that ever holds a key's text: an answer to a POST, which nobody keeps."""
        row = self._find(made.id)
        self.log_change(request, row, "made")
        context = {"title": f"{row} was made", "key": row, "text": made.text}
        answer = self.page(request, "key_made.html", context)
        answer["Cache-Control"] = "no-store, private"
        return answer

    def _find(self, key: str) -> Any:
        row = keys.find(key)
        if row is None:
            raise Http404("There is no such API key.")
        return row

    @admin.display(description="key")
    def shown_id(self, key: ApiKey) -> SafeString:
        """What everybody may know of it."""
        return format_html('<span class="do-id">{}</span>', key)

    @admin.display(description="state")
    def shown_state(self, key: Any) -> SafeString:
        """Whether it is let in."""
        css, sign = _sign(key.state)
        return format_html('<span class="do-status do-{}">{} {}</span>', css, sign, key.state)

    @admin.display(description="scopes")
    def shown_scopes(self, key: ApiKey) -> SafeString:
        """The first of them."""
        more = f"and {len(key.scopes) - 3} more" if len(key.scopes) > 3 else ""
        shown = format_html_join("", '<span class="do-id">{}</span><br>', ((scope,) for scope in key.scopes[:3]))
        return format_html("{}{}", shown, more)

    @admin.display(description="expires")
    def expires(self, key: ApiKey) -> str:
        """UTC."""
        return show.when(key.expires_at)

    @admin.display(description="last used", empty_value="never")
    def used(self, key: ApiKey) -> str | None:
        """To the minute."""
        return show.when(key.last_used_at) if key.last_used_at else None


def _frame(title: str, verb: str, label: str, back: str, request: HttpRequest) -> dict[str, Any]:
    """What every form of keys says beside its fields."""
    sent = sent_key(request) if request.method == "POST" else fresh_key()
    return {"title": title, "explain": words.EXPLAIN[verb], "verb": label, "back": back, "form_key": sent}


def _page_of(key: ApiKey) -> str:
    return reverse("admin:actions_apikey_change", args=[key.pk])


def _sign(state: str) -> tuple[str, str]:
    return _SIGNS.get(state, ("cancelled", "❚❚"))
