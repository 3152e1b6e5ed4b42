"""What a user may, asked for at once."""

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import Permission


class Backend(ModelBackend):
    """Django's own, which reads a user's permissions and those of their groups by two queries, here by one: every page asks."""

    def get_all_permissions(self, user_obj: Any, obj: Any = None) -> set[str]:
        """As `app.codename`; kept with the user object, that is for one request."""
        plain = user_obj.is_active and not user_obj.is_anonymous and not user_obj.is_superuser and obj is None
        if not plain or hasattr(user_obj, "_perm_cache"):
            return super().get_all_permissions(user_obj, obj)
        own = Permission.objects.filter(user=user_obj)
        shared = Permission.objects.filter(group__user=user_obj)
        names = [one.order_by().values_list("content_type__app_label", "codename") for one in (own, shared)]
        user_obj._perm_cache = {f"{app}.{codename}" for app, codename in names[0].union(names[1])}
        found: set[str] = user_obj._perm_cache
        return found
