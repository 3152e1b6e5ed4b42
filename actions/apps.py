"""Wiring: finds every app's actions.py and panels.py, binds the engine to the definitions, registers the system checks."""

import traceback
from importlib import import_module
from itertools import product

import structlog
from django.apps import AppConfig, apps
from django.utils.module_loading import module_has_submodule

log = structlog.get_logger(__name__)


class ActionsConfig(AppConfig):
    """The actions app."""

    name = "actions"
    label = "actions"
    verbose_name = "Actions"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from actions import checks  # noqa: PLC0415  (models are ready only now)
        from actions.definitions import engine as definitions  # noqa: PLC0415
        from actions.engine import Postgres  # noqa: PLC0415

        definitions.bind(Postgres())
        checks.register()
        import_module("actions.builtins")
        discover()


def discover() -> None:
    """Import every app's actions.py, and its panels.py.

    One that fails is kept for the system check, which stops every command that runs checks (work and maintain among
    them) with file, line and sentence, for all such modules at once.
    """
    from actions.definitions.registry import Fault, registry  # noqa: PLC0415

    for config, part in product(apps.get_app_configs(), ("actions", "panels")):
        name = f"{config.name}.{part}"
        if config.name == "actions" or not module_has_submodule(config.module, part):
            continue
        try:
            import_module(name)
        except Exception as error:  # noqa: BLE001  (whatever a module does on import; the system check reports it)
            fault = Fault(name, _place(error), error)
            registry.faults.append(fault)
            log.error("actions_not_imported", module=name, place=fault.place, error=f"{type(error).__name__}: {error}")


def _place(error: Exception) -> str:
    """The line of the module, its own or one that it imports, at which it went wrong."""
    if isinstance(error, SyntaxError):
        return f"{error.filename}:{error.lineno}"
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if frame.name == "<module>" and not frame.filename.startswith("<frozen")]
    frame = (own or list(frames))[-1]
    return f"{frame.filename}:{frame.lineno}"
