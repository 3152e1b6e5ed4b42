"""What all pages share: nothing can be added, changed or deleted, lists are bounded, refusals say what is missing."""

from typing import Any, ClassVar

from django.contrib import admin, messages
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ERROR_FLAG, ChangeList
from django.core.exceptions import BadRequest, PermissionDenied, ValidationError
from django.core.paginator import InvalidPage, Page, Paginator
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import NoReverseMatch, reverse
from django.utils.functional import cached_property
from django.utils.text import capfirst

from actions.desk import permit
from actions.desk.permit import actor_of
from actions.engine import ledger
from actions.queries.stats import CAP

__all__ = ["CAP", "BoundedList", "CappedPaginator", "LookOnly", "actor_of", "may", "require"]


ELSEWHERE = "You see only some actions: the console shows them, the admin shows all or nothing."
"""Whom the rule of the installation narrows (ACCESS) has the console."""


def may(request: HttpRequest, verb: str) -> bool:
    """Whether a verb is offered here."""
    return not permit.narrowed(request) and permit.may(request, verb)


def require(request: HttpRequest, verb: str) -> None:
    """Raise PermissionDenied, saying what is missing."""
    permit.require(request, verb)
    if permit.narrowed(request):
        raise PermissionDenied(ELSEWHERE)


class CappedPaginator(Paginator):
    """Counts to the cap only: nobody turns 100 pages, and counting millions takes seconds."""

    @cached_property
    def count(self) -> int:
        """How many rows, at most CAP."""
        rows: Any = self.object_list
        return int(rows.order_by().values("pk")[:CAP].count())

    def page(self, number: int | str) -> Page:
        """The page, the last one where `number` is beyond it."""
        try:
            return super().page(number)
        except InvalidPage:
            return super().page(self.num_pages)


class BoundedList(ChangeList):
    """A list whose count is capped, and says so."""

    def get_results(self, request: HttpRequest) -> None:
        """The rows; a page beyond the last one is the last one."""
        super().get_results(request)
        self.page_num = min(max(self.page_num, 1), self.paginator.num_pages)
        if not self.query and not self.has_active_filters:
            # Nothing to clear, so the search box offers no way to show all.
            self.full_result_count = self.result_count

    @property
    def capped(self) -> bool:
        """Whether there may be more rows than the pages lead to."""
        return bool(self.result_count >= CAP)


class LookOnly(admin.ModelAdmin):
    """Rows are the engine's: seen here, changed by its verbs alone."""

    actions: Any = None
    paginator = CappedPaginator
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    list_max_show_all = 0
    empty_value_display = ""
    list_per_page = 50
    sortable_by: ClassVar[Any] = ()
    change_list_template = "admin/actions/list.html"
    note: ClassVar[str] = ""
    """A sentence above the list."""
    console: ClassVar[tuple[str, str]] = ("", "")
    """The console's pages of the same: the route of the list, and of one row."""

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Not for those who see only some actions."""
        return not permit.narrowed(request) and super().has_module_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Not for those who see only some actions."""
        return not permit.narrowed(request) and super().has_view_permission(request, obj)

    def has_add_permission(self, _request: HttpRequest) -> bool:
        """Never."""
        return False

    def has_change_permission(self, _request: HttpRequest, _obj: Model | None = None) -> bool:
        """Never."""
        return False

    def has_delete_permission(self, _request: HttpRequest, _obj: Model | None = None) -> bool:
        """Never."""
        return False

    def get_changelist(self, request: HttpRequest, **_: Any) -> type[ChangeList]:
        """Lists are bounded."""
        return BoundedList

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        """Only the list's own filters: by others' columns the address could be used to guess params."""
        if lookup not in {getattr(choice, "parameter_name", None) for choice in self.list_filter}:
            raise IncorrectLookupParameters
        return True

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """The list; a filter that nobody knows is named rather than an error."""
        if ERROR_FLAG in request.GET:
            messages.warning(request, "That address asked for a filter that does not exist; this is the whole list.")
        title = capfirst(self.opts.verbose_name_plural)
        try:
            there = in_console(self.console[0])
            shown = {"title": title, "note": self.note, "console": there, **(extra_context or {})}
            return super().changelist_view(request, shown)
        except ValidationError:
            # A selection with made-up ids, which Django takes to the database unchecked.
            raise BadRequest("The selection holds what is no id.") from None

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        """Refused, and audited where it was tried."""
        return self._refuse(request, "add")

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        """Refused, and audited where it was tried."""
        return self._refuse(request, "delete", object_id)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """The page of a row; a POST to it is refused, and audited."""
        if request.method != "GET":
            return self._refuse(request, "change", object_id)
        return self.detail_view(request, object_id)

    def detail_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Django's own page of a row, without anything to edit."""
        return super().change_view(request, object_id, extra_context={"show_close": True})

    def beside(self, key: object) -> dict[str, str]:
        """What the page of a row shows of the console's page of the same row."""
        return {"console": in_console(self.console[1], str(key))}

    def page(self, request: HttpRequest, template: str, context: dict[str, Any], *, status: int = 200) -> HttpResponse:
        """One of our pages inside the admin's frame."""
        whole = {**self.admin_site.each_context(request), "opts": self.opts, "media": self.media, **context}
        return TemplateResponse(request, f"admin/actions/{template}", whole, status=status)

    def _refuse(self, request: HttpRequest, what: str, object_id: str = "") -> HttpResponse:
        if request.method == "POST":
            subject = f"{self.opts.model_name} {object_id}".replace("\x00", "").strip()
            ledger.record("access.denied", actor=actor_of(request), details={"verb": what, "subject": subject[:200]})
        raise PermissionDenied(f"Nobody can {what} {self.opts.verbose_name_plural} by hand. Nothing was changed.")


def in_console(name: str, *args: str) -> str:
    """A page of the console; empty where there is none."""
    try:
        return reverse(f"console:{name}", args=args) if name else ""
    except NoReverseMatch:
        return ""
