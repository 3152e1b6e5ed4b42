"""Routes of a project that has the platform below a folder of its own."""

from django.urls import include, path

urlpatterns = [path("do/", include("doplatform.urls"))]
