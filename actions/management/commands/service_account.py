"""manage.py service_account: who owns API keys without being a person."""

from argparse import ArgumentParser
from typing import Any

from actions.engine.keys.accounts import create_account, disable_account, enable_account
from actions.management.face import Face, actor, add_dry_run, add_reason, given
from actions.queries import keys


class Command(Face):
    """See engine.keys.accounts."""

    help = "Make and list service accounts; disable one with all its keys, and enable it again."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """One sub-command per verb."""
        verbs = parser.add_subparsers(dest="verb", required=True, metavar="create|list|disable|enable")
        new = verbs.add_parser("create", help="an account that keys can be made for")
        new.add_argument("--description", default="", help="what it is")
        seen = verbs.add_parser("list", help="accounts by name")
        off = verbs.add_parser("disable", help="let none of its keys in")
        on = verbs.add_parser("enable", help="let them in again")
        for verb in (new, off, on):
            verb.add_argument("name", metavar="NAME")
            add_reason(verb)
            add_dry_run(verb)
        for verb in (new, seen, off, on):
            verb.add_argument("--json", action="store_true", help="print one JSON document")

    def act(self, options: dict[str, Any]) -> dict[str, Any]:
        """Do it."""
        if options["verb"] == "list":
            return self._list()
        reason = given(options["reason"])
        return self.tried(options, lambda: self._do(options, reason))

    def _do(self, options: dict[str, Any], reason: str) -> dict[str, Any]:
        name = options["name"]
        if options["verb"] == "create":
            create_account(name, description=options["description"], actor=actor(), reason=reason)
            self.say(f"There is a service account {name} now; make its key: manage.py api_key create --account {name}")
            return {"name": name, "disabled": False, "changed": True}
        disabled = options["verb"] == "disable"
        changed = (disable_account if disabled else enable_account)(name, actor=actor(), reason=reason)
        self.say(f"{name} is {'disabled' if disabled else 'enabled'}{'' if changed else ', as it was'}.")
        return {"name": name, "disabled": disabled, "changed": changed}

    def _list(self) -> dict[str, Any]:
        found = keys.accounts()
        for account in found:
            state = "disabled" if account["disabled_at"] else f"{account['active_keys']} active keys"
            self.say(f"{account['name']}  {state}  {account['description']}")
        return {"accounts": found}
