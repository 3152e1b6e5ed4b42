"""manage.py stop_worker: let the processes of workers end as on SIGTERM; their pool starts others in their place."""

from actions.management.asking import Ask


class Command(Ask):
    """See engine.operate.stop_worker."""

    help = "Let the processes of workers end as on SIGTERM; their pool starts others in their place."
    verb = "stop"
