"""Routes: the console at `/`, Django's admin beside it, and what is said when something goes wrong."""

from django.contrib import admin
from django.urls import include, path

from actions.api.routes import api

handler400 = "actions.dashboard.problems.unreadable"
handler403 = "actions.dashboard.problems.refused"
handler404 = "actions.dashboard.problems.missing"
handler500 = "actions.dashboard.problems.broken"

urlpatterns = [
    path("api/v1/", api.urls),
    path("admin/", admin.site.urls),
    path("", include("actions.dashboard.urls")),
]
