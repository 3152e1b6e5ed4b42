"""`manage.py demo smtp down` stops the demo's mail server; `manage.py demo` shows how the servers are."""

import argparse
import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from doplatform.demo import addresses, outside
from doplatform.demo.servers.modes import Mode


class Command(BaseCommand):
    help = "Shows the demo's servers, or tells one to fail or to recover."
    requires_system_checks = ()

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("server", nargs="?", help="smtp, crm or payment")
        parser.add_argument("mode", nargs="?", help=f"up, {', '.join(Mode)}")
        parser.add_argument("--json", action="store_true", help="print JSON")

    def handle(self, *_args: Any, **options: Any) -> None:
        server, mode = options["server"], options["mode"]
        if server and not mode:
            raise CommandError("Say what the server shall be: manage.py demo smtp down")
        try:
            state = outside.switch(server, mode) if server else outside.state()
        except (OSError, ValueError) as error:
            raise CommandError(str(error)) from None
        if options["json"]:
            self.stdout.write(json.dumps(state, indent=2))
            return
        for name, one in state.items():
            self.stdout.write(f"{name:<8} {one['mode']:<6} {one['sentence']} (port {one['port']})")
        self.stdout.write(f"The page with the buttons: {addresses.current().url('control')}/")
