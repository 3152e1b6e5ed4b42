"""The project's faces: Django's admin under doplatform's name and overview."""

from django.contrib.admin.apps import AdminConfig


class Admin(AdminConfig):
    """Django's admin with our site."""

    default_site = "doplatform.site.Site"
