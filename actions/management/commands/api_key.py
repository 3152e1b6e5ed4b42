"""manage.py api_key: keys of the HTTP API, made, listed, rotated and revoked."""

from argparse import ArgumentParser
from typing import Any

from actions.definitions.callback import Callback
from actions.engine.keys.callback import set_callback
from actions.engine.keys.create import NewKey, create
from actions.engine.keys.revoke import revoke
from actions.engine.keys.rotate import OVERLAP, rotate
from actions.errors import InvalidInput
from actions.management.face import Face, actor, add_dry_run, add_reason, given
from actions.management.payload import line
from actions.queries import keys

_KEY_HELP = "the key's id, such as do_live_3f8k2m9x; never its whole text"


class Command(Face):
    """See engine.keys."""

    help = "Make, list, rotate and revoke API keys, and their callbacks. A new key's text is printed once, and kept nowhere."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """One sub-command per verb."""
        verbs = parser.add_subparsers(dest="verb", required=True, metavar="create|list|rotate|callback|revoke")
        new = verbs.add_parser("create", help="a key for a service account or a user")
        owner = new.add_mutually_exclusive_group(required=True)
        owner.add_argument("--account", default="", metavar="NAME", help="a service account")
        owner.add_argument("--user", default="", metavar="NAME", help="a user, by username")
        new.add_argument("--label", default="default", help="what it is used for; two active ones of each at most")
        new.add_argument(
            "--scope",
            action="append",
            default=[],
            metavar="SCOPE",
            help="action:<name or start*>:<verb>, queue:<name or *>:pause, audit:read, audit:export; as often as needed",
        )
        new.add_argument("--rate", type=float, help="requests a second (default: KEY_RATE)")
        new.add_argument(
            "--callback",
            metavar="URL",
            help="is told the ends of what is asked with it, unless a request names another",
        )
        seen = verbs.add_parser("list", help="keys, newest first")
        seen.add_argument("--owner", default="", metavar="NAME")
        seen.add_argument("--active", action="store_true", help="only those that are let in")
        again = verbs.add_parser("rotate", help="a second key that may do the same; the first one ends after a while")
        again.add_argument(
            "--overlap",
            type=int,
            default=OVERLAP,
            metavar="DAYS",
            help="how long both are let in (default %(default)s)",
        )
        told = verbs.add_parser("callback", help="whom the ends of what is asked with a key are told to from now on")
        whom = told.add_mutually_exclusive_group(required=True)
        whom.add_argument("--url", metavar="URL", dest="callback")
        whom.add_argument("--remove", action="store_true", help="nobody is told")
        for verb in (new, told):
            verb.add_argument(
                "--secret-file",
                metavar="FILE",
                help="a file with the secret (whsec_…) that signs; - is standard input (default: the installation's)",
            )
        end = verbs.add_parser("revoke", help="refuse a key from now on")
        for verb in (new, again):
            verb.add_argument("--days", type=int, help="how long it lives (default: KEY_DAYS)")
        for verb in (again, told, end):
            verb.add_argument("key", metavar="KEY", help=_KEY_HELP)
        for verb in (new, again, told, end):
            add_reason(verb)
            add_dry_run(verb)
        for verb in (new, seen, again, told, end):
            verb.add_argument("--json", action="store_true", help="print one JSON document")

    def act(self, options: dict[str, Any]) -> dict[str, Any]:
        """Do it."""
        if options["verb"] == "list":
            return self._list(options)
        verb: dict[str, Any] = {
            "create": self._create,
            "rotate": self._rotate,
            "callback": self._callback,
            "revoke": self._revoke,
        }
        return self.tried(options, lambda: verb[options["verb"]](options))

    def _create(self, options: dict[str, Any]) -> dict[str, Any]:
        made = create(
            account=options["account"],
            user=options["user"],
            label=options["label"],
            scopes=options["scope"],
            days=options["days"],
            rate=options["rate"],
            callback=_told(options),
            actor=actor(),
            reason=given(options["reason"]),
        )
        return self._made(made, kept=not options["dry_run"])

    def _rotate(self, options: dict[str, Any]) -> dict[str, Any]:
        made = rotate(
            options["key"],
            overlap=options["overlap"],
            days=options["days"],
            actor=actor(),
            reason=given(options["reason"]),
        )
        return self._made(made, kept=not options["dry_run"])

    def _callback(self, options: dict[str, Any]) -> dict[str, Any]:
        changed = set_callback(options["key"], _told(options), actor=actor(), reason=given(options["reason"]))
        if options["remove"]:
            self.say("Nobody is told any more." if changed else "Nobody was told before; nothing was changed.")
        else:
            self.say("The ends of what is asked with the key from now on are told there.")
        return {"callback": options["callback"], "changed": changed}

    def _revoke(self, options: dict[str, Any]) -> dict[str, Any]:
        changed = revoke(options["key"], actor=actor(), reason=given(options["reason"]))
        self.say(
            "Revoked: refused everywhere within a second." if changed else "It was revoked before; nothing was changed."
        )
        return {"revoked": True, "changed": changed}

    def _list(self, options: dict[str, Any]) -> dict[str, Any]:
        found = keys.listed(owner=options["owner"], active=options["active"])
        for key in found:
            used = (
                f"last used {key['last_used_at'][:16]}Z from {key['last_used_ip']}"
                if key["last_used_at"]
                else "never used"
            )
            self.say(
                f"do_live_{key['id']}  {key['state']:<8}  {key['owner']} ({key['label']})  until {key['expires_at'][:10]}  "
                f"{used}  {' '.join(key['scopes'])}{'  tells ' + key['callback'] if key['callback'] else ''}"
            )
        return {"keys": found}

    def _made(self, made: NewKey, *, kept: bool) -> dict[str, Any]:
        until = f"{made.expires_at:%Y-%m-%d %H:%M} UTC"
        once = " This is the only time it is shown:" if kept else ""
        self.say(f"A key of {made.owner} ({made.label}), good until {until}.{once}")
        if kept:
            self.say(made.text)
        return {
            # Of a dry run nobody can use it, and somebody would try.
            "id": made.id if kept else None,
            "key": made.text if kept else None,
            "owner": made.owner,
            "label": made.label,
            "scopes": list(made.scopes),
            "expires_at": made.expires_at.isoformat(),
        }


def _told(options: dict[str, Any]) -> Callback | None:
    """The callback of the command line. Raises InvalidInput."""
    file = options["secret_file"]
    if options["callback"] is None:
        if file is not None:
            raise InvalidInput("invalid_callback", "A secret signs callbacks; say whom to tell.", path="callback.url")
        return None
    return Callback(options["callback"], "" if file is None else line(file, what="secret"))
