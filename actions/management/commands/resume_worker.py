"""manage.py resume_worker: let quiet workers take again."""

from actions.management.asking import Ask


class Command(Ask):
    """See engine.operate.quiet_worker."""

    help = "Let quiet workers take again."
    verb = "resume"
