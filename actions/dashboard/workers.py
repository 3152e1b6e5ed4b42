"""One worker asked to be quiet, to take again, or to stop."""

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse

from actions.dashboard.page import page
from actions.dashboard.routes import needs, route
from actions.desk.crew import PERMISSION, VERBS, worker_form
from actions.queries import crew


@needs("view_worker", PERMISSION)
def quiet(request: HttpRequest, number: int) -> HttpResponse:
    """Let it end what it has and take nothing new."""
    return _ask(request, number, "quiet")


@needs("view_worker", PERMISSION)
def resume(request: HttpRequest, number: int) -> HttpResponse:
    """Let it take again."""
    return _ask(request, number, "resume")


@needs("view_worker", PERMISSION)
def stop(request: HttpRequest, number: int) -> HttpResponse:
    """Let its process end."""
    return _ask(request, number, "stop")


def _ask(request: HttpRequest, number: int, name: str) -> HttpResponse:
    worker = crew.worker(number)
    if worker is None:
        raise Http404("There is no such worker.")
    back = reverse("console:workers")
    answer = worker_form(request, worker, VERBS[name], back)
    if not isinstance(answer, dict):
        return answer
    return page(request, "worker_act.html", {**answer, "crumbs": [("Workers", back)]}, section="queues")


routes = [
    route("workers/<int:number>/quiet/", quiet, "worker-quiet"),
    route("workers/<int:number>/resume/", resume, "worker-resume"),
    route("workers/<int:number>/stop/", stop, "worker-stop"),
]
