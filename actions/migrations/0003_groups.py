"""The three groups and what each may do. Permissions are made here because migrate makes them only afterwards."""

from django.db import migrations

_VIEWER = ("view_execution", "view_action", "view_queue", "view_worker")
_OPERATOR = (
    *_VIEWER, "view_payload", "trigger", "retry", "run_now", "replay", "cancel", "resolve", "pause",
)  # fmt: skip
_ADMINISTRATOR = (*_OPERATOR, "force_stop", "view_audit", "view_auditentry")
_GROUPS = {"Viewer": _VIEWER, "Operator": _OPERATOR, "Administrator": _ADMINISTRATOR}
_MODELS = {
    "view_execution": "execution",
    "view_action": "action",
    "view_queue": "queue",
    "view_worker": "worker",
    "view_auditentry": "auditentry",
}


def create(apps, schema_editor):
    content_type = apps.get_model("contenttypes", "ContentType").objects
    permission = apps.get_model("auth", "Permission").objects
    group = apps.get_model("auth", "Group").objects
    for name, verbs in _GROUPS.items():
        row, _ = group.get_or_create(name=name)
        for verb in verbs:
            kind, _ = content_type.get_or_create(app_label="actions", model=_MODELS.get(verb, "access"))
            right, _ = permission.get_or_create(
                content_type=kind, codename=verb, defaults={"name": f"Can {verb.replace('_', ' ')}"}
            )
            row.permissions.add(right)


def remove(apps, schema_editor):
    apps.get_model("auth", "Group").objects.filter(name__in=_GROUPS).delete()


class Migration(migrations.Migration):
    dependencies = [
        ("actions", "0002_guarantees"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]

    operations = [migrations.RunPython(create, remove)]
