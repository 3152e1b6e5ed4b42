"""One verb on many executions: choose, look at what it would do, begin, watch, abort."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.views.decorators.http import require_POST

from actions import messages as words
from actions.dashboard.acting import act
from actions.dashboard.executions.asked import Asked, list_of
from actions.dashboard.executions.taken import attachment
from actions.dashboard.page import fragment, live, page
from actions.dashboard.routes import needs, route
from actions.desk import permit
from actions.desk.forms.acts import ReasonForm
from actions.desk.permit import actor_of, may
from actions.engine.bulk.abort import abort as abort_operation
from actions.engine.bulk.begin import MOST, Begun, Seen
from actions.engine.bulk.freeze import freeze, proceed
from actions.engine.operate.export import export_bulk
from actions.errors import BulkOperationNotFound, SelectionNotFound
from actions.ids import parse_id
from actions.queries import bulk as queries
from actions.queries import exports, search
from actions.queries.bulk import Preview

SECTION = "bulk"
ASKS_NUMBER = 100
"""Beyond so many executions the number has to be typed."""
_MOST_ROWS = 1_000
"""Rows that a page may send as chosen."""


@dataclass(frozen=True, slots=True)
class Many:
    """A verb that can be done to many."""

    name: str
    label: str
    icon: str
    danger: bool = False

    @property
    def explain(self) -> str:
        """What the word means."""
        return words.EXPLAIN[self.name]


VERBS = (
    Many("retry", "Retry", "retry"),
    Many("run_now", "Run now", "play"),
    Many("replay", "Replay", "replay"),
    Many("cancel", "Cancel", "stop", danger=True),
)
_BY_NAME = {verb.name: verb for verb in VERBS}


class BeginForm(ReasonForm):
    """Why, how quickly, and for many: how many."""

    field_order = ("reason", "per_second", "number")

    per_second = forms.FloatField(
        label="At most so many a second",
        required=False,
        min_value=0.1,
        max_value=10_000,
        widget=forms.NumberInput(attrs={"step": "any", "inputmode": "decimal"}),
        help_text="Empty: as quickly as a worker can. A limit spares what the handlers reach.",
    )
    number = forms.CharField(
        max_length=12,
        widget=forms.TextInput(attrs={"autocomplete": "off", "inputmode": "numeric"}),
        error_messages={"required": "Type the number of executions; it is more than a page of them."},
    )

    def __init__(self, *given: Any, total: int, **more: Any) -> None:
        super().__init__(*given, **more)
        self.total = total
        if total <= ASKS_NUMBER:
            del self.fields["number"]
        else:
            self.fields["number"].label = f"Type {total}, the number of chosen executions, to confirm"

    def clean_number(self) -> str:
        """The number, as it was asked for."""
        typed = "".join(character for character in self.cleaned_data["number"] if character not in " ,.'_")
        if typed != str(self.total):
            raise forms.ValidationError(f"That is another number: it is {self.total} executions.")
        return typed


class AbortForm(ReasonForm):
    """Why no more of it."""


@needs("view_execution")
@require_POST
def choose(request: HttpRequest) -> HttpResponse:
    """Keep what was chosen (rows, or all that the search finds) as it was seen, and go to what the verb would do to it."""
    verb = _BY_NAME.get(request.POST.get("verb", ""))
    if verb is None:
        raise Http404("That cannot be done to many executions.")
    permit.require(request, verb.name)
    everything = "all" in request.POST
    asked = Asked.of(request, request.POST.get("q", ""))
    back = HttpResponseRedirect(list_of(asked.text))
    if everything:
        if asked.query is None:
            return back
        chosen, more = search.choose(asked.query, MOST)
        if more:
            messages.error(request, f"More than {MOST:,} executions match. Narrow the search; nothing was changed.")
            return back
    else:
        chosen = search.seen(_rows(request))
    if not chosen:
        said = "Nothing matches any more." if everything else "Choose rows first, or all that match the search."
        messages.warning(request, f"{said} Nothing was changed.")
        return back
    selection = freeze(
        verb.name,
        [Seen(*item) for item in chosen],
        actor=actor_of(request),
        query=asked.canonical,
        everything=everything,
    )
    return HttpResponseRedirect(reverse("console:bulk-preview", args=[selection]))


def _rows(request: HttpRequest) -> list[tuple[UUID, int]]:
    """Rows as the list has shown them: `exec_….3` is the third attempt of one."""
    found: dict[UUID, int] = {}
    for text in request.POST.getlist("row")[:_MOST_ROWS]:
        name, _, attempt = text.partition(".")
        id_ = parse_id(name)
        if id_ is not None and attempt.isascii() and attempt.isdigit() and len(attempt) < 10:
            found[id_] = int(attempt)
    return list(found.items())


@needs("view_execution")
def preview(request: HttpRequest, selection: UUID) -> HttpResponse:
    """What the verb would do to what was chosen, and the form that begins it."""
    try:
        found = queries.preview(selection, actor_of(request).principal)
    except SelectionNotFound as error:
        raise Http404(error.message) from None
    permit.require(request, found.verb)
    verb = _BY_NAME[found.verb]
    form = BeginForm(request.POST if request.method == "POST" else None, total=found.total)
    if request.method == "POST" and form.is_valid():
        answer = _begin(request, form, found)
        if answer is not None:
            return answer
    context = {
        "title": f"{verb.label} {found.total:,} execution{'' if found.total == 1 else 's'}",
        "verb": verb,
        "found": found,
        "form": form,
        "back": list_of(found.query),
        "crumbs": [("Executions", list_of(found.query))],
    }
    return page(request, "bulk_preview.html", context, section=SECTION)


def _begin(request: HttpRequest, form: BeginForm, found: Preview) -> HttpResponse | None:
    said = form.cleaned_data
    begun: list[Begun] = []

    def call() -> Begun:
        begun.append(proceed(found.id, actor=actor_of(request), reason=said["reason"], per_second=said["per_second"]))
        return begun[0]

    def word(done: Begun) -> str:
        if done.replayed:
            return "This was begun before; here it is. Nothing was begun now."
        return "Begun. Each execution gets its own outcome, below."

    return act(request, form, call, said=word, to=lambda done: reverse("console:bulk-operation", args=[done.id]))


@needs("view_execution")
def operations(request: HttpRequest) -> HttpResponse:
    """The newest bulk operations."""
    shown, more = queries.operations(_uuid(request.GET.get("before", "")))
    context = {
        "title": "Bulk operations",
        "shown": shown,
        "older": f"?before={more}" if more else "",
        "newer": reverse("console:bulk") if "before" in request.GET else "",
        "labels": {verb.name: verb.label for verb in VERBS},
    }
    if live(request):
        return fragment(request, "bulk_live.html", context)
    return page(request, "bulk.html", context, section=SECTION)


@needs("view_execution")
def operation(request: HttpRequest, id: UUID) -> HttpResponse:  # noqa: A002  (it is the id)
    """How far it is, and what became of each item. `?outcome=`: of those alone; `?after=`: from that place on."""
    found = _find(id)
    outcome = request.GET.get("outcome", "")
    outcome = outcome if outcome in queries.OUTCOMES else ""
    after = request.GET.get("after", "")
    items, more = queries.items(id, outcome=outcome, after=int(after) if _whole(after) else -1)
    verb = _BY_NAME[found.operation.verb]
    became = queries.became(found)
    # What it has set going is at work when it ends itself.
    under_way = any(one.word == queries.UNDER_WAY for one in became)
    final = found.operation.finished_at is not None and not under_way and all(item.rests for item in items)
    context = {
        "title": f"{verb.label} {found.operation.total:,} execution{'' if found.operation.total == 1 else 's'}",
        "found": found,
        "verb": verb,
        "became": [(one, list_of(_became_query(id, one)) if one.statuses else "") for one in became],
        "all_done": list_of(f"bulk:{id}"),
        "items": items,
        "final": final,
        "outcome": outcome,
        "outcomes": [(name, number) for name, number in found.counts.items() if number or name == outcome],
        "older": f"?outcome={outcome}&after={more}" if more is not None else "",
        "newer": f"?outcome={outcome}" if _whole(after) else "",
        "may_abort": found.stands == "running" and may(request, found.operation.verb),
        "list_of_query": list_of(found.operation.query),
        "here": request.get_full_path(),
        "crumbs": [("Bulk operations", reverse("console:bulk"))],
    }
    if live(request):
        return fragment(request, "bulk_operation_live.html", context, ended=final)
    return page(request, "bulk_operation.html", context, section=SECTION)


def _became_query(id_: UUID, one: queries.Became) -> str:
    return f"bulk:{id_} state:{','.join(one.statuses)}"


@needs("view_execution")
def abort(request: HttpRequest, id: UUID) -> HttpResponse:  # noqa: A002  (it is the id)
    """Do no more of it."""
    found = _find(id)
    permit.require(request, found.operation.verb)
    form = AbortForm(request.POST if request.method == "POST" else None)
    back = reverse("console:bulk-operation", args=[id])
    if request.method == "POST" and form.is_valid():
        answer = act(
            request,
            form,
            lambda: abort_operation(id, actor=actor_of(request), reason=form.cleaned_data["reason"]),
            said=lambda done: "It ends before its next item." if done else "It had ended before. Nothing was changed.",
            to=back,
        )
        if answer is not None:
            return answer
    crumbs = [("Bulk operations", reverse("console:bulk")), (_BY_NAME[found.operation.verb].label, back)]
    context = {"title": "Abort this bulk operation", "found": found, "form": form, "back": back, "crumbs": crumbs}
    return page(request, "bulk_abort.html", context, section=SECTION)


@needs("view_execution")
def export(request: HttpRequest, id: UUID) -> HttpResponseBase:  # noqa: A002  (it is the id)
    """What became of each item, as `?format=` csv or ndjson."""
    _find(id)
    form, outcome = request.GET.get("format", "csv"), request.GET.get("outcome", "")
    if form not in exports.FORMS:
        raise Http404("There is no such form of an export.")
    export_bulk(str(id), form, actor=actor_of(request))
    outcome = outcome if outcome in queries.OUTCOMES else ""
    return attachment(exports.bulk_items(id, form, outcome=outcome), "bulk-operation", form)


def _find(id_: UUID) -> queries.Progress:
    try:
        return queries.operation(id_)
    except BulkOperationNotFound as error:
        raise Http404(error.message) from None


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        return None


def _whole(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 10


routes = [
    route("bulk/", operations, "bulk"),
    route("bulk/choose/", choose, "bulk-choose"),
    route("bulk/selected/<uuid:selection>/", preview, "bulk-preview"),
    route("bulk/<uuid:id>/", operation, "bulk-operation"),
    route("bulk/<uuid:id>/abort/", abort, "bulk-abort"),
    route("bulk/<uuid:id>/export/", export, "bulk-export"),
]
