"""The demo's outside world in the foreground: mail server, CRM, payment provider and their control page."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from doplatform.demo.servers.world import AlreadyRunning, live


class Command(BaseCommand):
    help = "Starts the demo's mail server, CRM and payment provider; Ctrl-C or SIGTERM stops them."
    requires_system_checks = ()

    def handle(self, *_args: Any, **_options: Any) -> None:
        try:
            live(self._say)
        except AlreadyRunning as error:
            raise CommandError(str(error)) from None

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()
