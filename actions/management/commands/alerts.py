"""manage.py alerts: which rules watch, where they tell it, what they have told; and a test of a channel."""

from argparse import ArgumentParser
from typing import Any

from actions.engine.alerts.channels.create import create
from actions.engine.alerts.channels.try_out import try_out
from actions.errors import AlertChannelNotFound
from actions.management.face import Face, actor, add_reason, given
from actions.management.payload import line
from actions.queries import alerts


class Command(Face):
    """See engine.alerts. Rules are made in the console."""

    help = "List alert rules, channels, and what was told; make a channel, and send a test to one."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """One sub-command per question or verb."""
        asked = parser.add_subparsers(dest="asked", required=True, metavar="rules|channels|log|add-channel|test")
        rules = asked.add_parser("rules", help="what is watched for, by name")
        channels = asked.add_parser("channels", help="where it is told, by name")
        log = asked.add_parser("log", help="what was told, newest first")
        log.add_argument("--state", default="", choices=alerts.STATES, metavar="STATE")
        log.add_argument("--limit", type=int, default=20, help="at most this many (default 20)")
        new = asked.add_parser("add-channel", help="a place where alerts are told")
        new.add_argument("name", metavar="NAME")
        new.add_argument("--kind", choices=["apprise", "webhook"], default="apprise")
        new.add_argument(
            "--address-file", required=True, metavar="FILE", help="a file with the address; - is standard input"
        )
        new.add_argument("--secret-file", metavar="FILE", help="a file with the secret (whsec_…) that signs a webhook")
        trial = asked.add_parser("test", help="send a test alert by the way that all alerts take")
        trial.add_argument("--channel", required=True, metavar="NAME")
        for verb in (new, trial):
            add_reason(verb)
        for one in (rules, channels, log, new, trial):
            one.add_argument("--json", action="store_true", help="print one JSON document")

    def act(self, options: dict[str, Any]) -> dict[str, Any]:
        """Look, or do it."""
        asked: dict[str, Any] = {
            "rules": self._rules,
            "channels": self._channels,
            "log": self._log,
            "add-channel": self._add,
            "test": self._test,
        }
        answer: dict[str, Any] = asked[options["asked"]](options)
        return answer

    def _rules(self, _: dict[str, Any]) -> dict[str, Any]:
        found = alerts.rules()
        for one in found:
            state = "paused" if one["paused"] else "open" if one["open"] else "watching"
            last = f"  last {one['last_alert']['at'][:19]}Z: {one['last_alert']['title']}" if one["last_alert"] else ""
            told = ", ".join(one["channels"]) or "nobody"
            told += ", also when it is over" if one["channels"] and one["tell_recovery"] else ""
            self.say(f"{one['name']}  {one['kind']}  {one['of'] or one['scope']}  {state}  tells {told}{last}")
        return {"rules": found}

    def _channels(self, _: dict[str, Any]) -> dict[str, Any]:
        found = alerts.channels()
        for one in found:
            off = f"  disabled by {one['disabled']['by']}: {one['disabled']['reason']}" if one["disabled"] else ""
            self.say(f"{one['name']}  {one['kind']}  {one['address']}{off}".replace("\n", "\\n"))
        return {"channels": found}

    def _log(self, options: dict[str, Any]) -> dict[str, Any]:
        found = alerts.log(state=options["state"], limit=options["limit"])
        for one in found:
            over = f"  over {one['recovered_at'][:19]}Z" if one["recovered_at"] else "  open" if one["open"] else ""
            self.say(f"{one['id']}  {one['at'][:19]}Z  {one['rule']}: {one['title']}{over}".replace("\n", "\\n"))
            for told in one["deliveries"]:
                why = f"  {told['error']}" if told["error"] else ""
                what = ", that it is over" if told["recovery"] else ""
                carried = f"tries {told['tries']}, carried by {told['carrier'] or 'nobody yet'}"
                self.say(f"    {told['channel']}{what}  {told['state']}  {carried}{why}".replace("\n", "\\n"))
        return {"alerts": found}

    def _add(self, options: dict[str, Any]) -> dict[str, Any]:
        secret = options["secret_file"]
        made = create(
            options["name"],
            kind=options["kind"],
            address=line(options["address_file"], what="address"),
            secret="" if secret is None else line(secret, what="secret"),
            actor=actor(),
            reason=given(options["reason"]),
        )
        self.say(
            f"There is a channel {options['name']} now; test it: manage.py alerts test --channel {options['name']}"
        )
        return {"id": made, "name": options["name"]}

    def _test(self, options: dict[str, Any]) -> dict[str, Any]:
        key = next((one["id"] for one in alerts.channels() if one["name"] == options["channel"]), None)
        if key is None:
            raise AlertChannelNotFound
        public = try_out(key, actor=actor(), reason=given(options["reason"]))
        (delivery,) = alerts.alert_of(public)["deliveries"]
        self.say(f"{public} is on its way, carried by {delivery['carrier'] or 'nobody yet'}: manage.py alerts log")
        return {"id": public, "carrier": delivery["carrier"]}
