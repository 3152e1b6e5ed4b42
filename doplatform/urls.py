"""Routes. The Django admin is the first face; `/` leads there."""

from django.contrib import admin
from django.urls import path
from django.views.generic import RedirectView

from actions.api.routes import api

urlpatterns = [
    path("api/v1/", api.urls),
    path("admin/", admin.site.urls),
    path("", RedirectView.as_view(pattern_name="admin:index")),
]
