"""manage.py quiet_worker: let workers end what they have and take nothing new, until they are resumed."""

from actions.management.asking import Ask


class Command(Ask):
    """See engine.operate.quiet_worker."""

    help = "Let workers end what they have and take nothing new, until they are resumed."
    verb = "quiet"
