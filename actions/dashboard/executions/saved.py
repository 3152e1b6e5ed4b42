"""Views: searches under a name, one's own and everybody's."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from actions.dashboard.acting import act
from actions.dashboard.executions.asked import Asked, list_of
from actions.dashboard.page import page
from actions.dashboard.routes import needs, route
from actions.desk.permit import actor_of, may
from actions.engine.operate import view as engine
from actions.errors import ViewNotFound
from actions.queries import views as queries
from actions.queries.views import View

SECTION = "executions"


class ViewForm(forms.Form):
    """How a view is called, and who sees it."""

    name = forms.CharField(
        max_length=engine.LONGEST_NAME,
        widget=forms.TextInput(attrs={"autocomplete": "off", "maxlength": engine.LONGEST_NAME}),
        error_messages={"required": "Give it a name."},
    )
    shared = forms.BooleanField(
        label="Everybody sees it", required=False, help_text="Sharing is audited with your name."
    )

    def __init__(self, *given: Any, may_share: bool, **more: Any) -> None:
        super().__init__(*given, **more)
        if not may_share:
            del self.fields["shared"]


class SaveForm(ViewForm):
    """A new one."""

    query = forms.CharField(
        label="Search", required=False, strip=False, widget=forms.TextInput(attrs={"spellcheck": "false"})
    )
    field_order = ("name", "query", "shared")


@needs("view_execution")
def views(request: HttpRequest) -> HttpResponse:
    """All that one may choose from; a POST saves a search. `?q=`: the search that is to be saved."""
    text = request.POST.get("query", request.GET.get("q", ""))
    form = SaveForm(
        request.POST if request.method == "POST" else None,
        may_share=may(request, "share_views"),
        initial={"query": text},
    )
    if request.method == "POST" and form.is_valid():
        answer = _save(request, form)
        if answer is not None:
            return answer
    context = {
        "title": "Views",
        "known": queries.views(actor_of(request).id),
        "form": form,
        "saving": "q" in request.GET or form.is_bound,
        "may_share": may(request, "share_views"),
        "crumbs": [("Executions", reverse("console:executions"))],
    }
    return page(request, "views.html", context, section=SECTION)


def _save(request: HttpRequest, form: SaveForm) -> HttpResponse | None:
    said = form.cleaned_data
    asked = Asked.of(request, said["query"])
    for blame in asked.blames:
        form.add_error("query", f"Character {blame.character}: {blame.message}")
    if asked.query is None:
        return None
    return act(
        request,
        form,
        lambda: engine.save_view(
            said["name"], asked.canonical, actor=actor_of(request), shared=said.get("shared", False)
        ),
        said=f"Saved as “{said['name']}”.",
        to=list_of(asked.canonical),
    )


@needs("view_execution")
def view(request: HttpRequest, number: int) -> HttpResponse:
    """Call a saved view otherwise, share it, or keep it to oneself."""
    found = _find(request, number)
    form = ViewForm(
        request.POST if request.method == "POST" else None,
        may_share=may(request, "share_views"),
        initial={"name": found.name, "shared": found.shared},
    )
    if request.method == "POST" and form.is_valid():
        name, shared = form.cleaned_data["name"], form.cleaned_data.get("shared", found.shared)
        answer = act(
            request,
            form,
            lambda: engine.change_view(number, actor=actor_of(request), name=name, shared=shared),
            said="Kept.",
            to=reverse("console:views"),
        )
        if answer is not None:
            return answer
    return page(request, "view.html", {**_about(found), "form": form}, section=SECTION)


@needs("view_execution")
def remove(request: HttpRequest, number: int) -> HttpResponse:
    """Forget a saved view; asks first."""
    found = _find(request, number)
    form = forms.Form(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        answer = act(
            request,
            form,
            lambda: engine.remove_view(number, actor=actor_of(request)),
            said=lambda name: f"“{name}” is removed. Executions are not touched.",
            to=reverse("console:views"),
        )
        if answer is not None:
            return answer
    about = {**_about(found), "title": f"Remove the view {found.name}"}
    return page(request, "view_remove.html", {**about, "form": form}, section=SECTION)


@needs("view_execution")
@require_POST
def prefer(request: HttpRequest) -> HttpResponse:
    """Let the list begin with a view; with everything, where none is named."""
    chosen = request.POST.get("view", "")[:40]
    actor = actor_of(request)
    known = queries.views(actor.id)
    named = next((one for one in (*known.system, *known.shared, *known.mine) if one.key == chosen), None)
    if chosen and named is None:
        raise Http404("There is no such view.")
    engine.prefer_view(chosen, actor=actor)
    messages.success(
        request, f"Your list begins with “{named.name}”." if named else "Your list begins with everything."
    )
    return HttpResponseRedirect(reverse("console:views"))


def _find(request: HttpRequest, number: int) -> View:
    try:
        return queries.view(number, actor_of(request).id)
    except ViewNotFound as error:
        raise Http404(error.message) from None


def _about(found: View) -> dict[str, Any]:
    crumbs = [("Executions", reverse("console:executions")), ("Views", reverse("console:views"))]
    return {"title": found.name, "found": found, "crumbs": crumbs, "back": reverse("console:views")}


routes = [
    route("views/", views, "views"),
    route("views/prefer/", prefer, "view-prefer"),
    route("views/<int:number>/", view, "view"),
    route("views/<int:number>/remove/", remove, "view-remove"),
]
