"""System checks, all under the tag `doplatform`: what is declared or set in a way that cannot work (E) or should not
stay (W). `manage.py check` shows them, and the processes do not start on an error."""

from django.core.checks import register as _register

from actions.checks import declarations, settings

TAG = "doplatform"


def register() -> None:
    """Tell Django of every check; called once, when the apps are ready."""
    for check in (*declarations.CHECKS, *settings.CHECKS):
        _register(check, TAG)
    for check in declarations.DEPLOYMENT_CHECKS:
        _register(check, TAG, deploy=True)
