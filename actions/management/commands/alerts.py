"""manage.py alerts: which rules watch, where they tell it, what they have told; and the verbs on both."""

from argparse import ArgumentParser
from collections.abc import Callable
from typing import Any, NamedTuple

from actions.engine.alerts.channels import create as channels
from actions.engine.alerts.channels.disable import disable, enable
from actions.engine.alerts.channels.remove import remove as remove_channel
from actions.engine.alerts.channels.try_out import try_out
from actions.engine.alerts.rules import create as rules
from actions.engine.alerts.rules.change import change as change_rule
from actions.engine.alerts.rules.pause import pause, resume
from actions.engine.alerts.rules.remove import remove as remove_rule
from actions.management.face import Face, actor, add_dry_run, add_reason, given
from actions.management.payload import line
from actions.management.ruling import add_rule, standing, wanted
from actions.queries import alerts


class _Turn(NamedTuple):
    """A verb on a rule or a channel that takes nothing but its name."""

    of: str
    act: Callable[..., bool | None]
    state: str
    """What it is afterwards."""
    explain: str


_RULED = {
    "add-rule": "let something be watched for",
    "change-rule": "let a rule watch for other things, or tell others",
}
_TURNED = {
    "pause-rule": _Turn("rule", pause, "paused", "let it tell nothing; what happens meanwhile is not told later"),
    "resume-rule": _Turn("rule", resume, "watching", "let it watch again, from now on"),
    "remove-rule": _Turn("rule", remove_rule, "removed", "nobody watches for it any more"),
    "disable-channel": _Turn("channel", disable, "disabled", "send nothing there"),
    "enable-channel": _Turn("channel", enable, "enabled", "send there again"),
    "remove-channel": _Turn("channel", remove_channel, "removed", "forget it, with its address"),
}


class Command(Face):
    """See engine.alerts."""

    help = "List alert rules, channels, and what was told; make, change, pause and remove rules; make channels and test them."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """One sub-command per question or verb."""
        metavar = "|".join(["rules", "channels", "log", *_RULED, *_TURNED, "add-channel", "test"])
        asked = parser.add_subparsers(dest="asked", required=True, metavar=metavar)
        rules = asked.add_parser("rules", help="what is watched for, by name")
        channels = asked.add_parser("channels", help="where it is told, by name")
        log = asked.add_parser("log", help="what was told, newest first")
        log.add_argument("--state", default="", choices=alerts.STATES, metavar="STATE")
        log.add_argument("--limit", type=int, default=20, help="at most this many (default 20)")
        ruled = [asked.add_parser(name, help=told) for name, told in _RULED.items()]
        for verb in ruled:
            add_rule(verb, new=verb is ruled[0])
        turned = [asked.add_parser(name, help=one.explain) for name, one in _TURNED.items()]
        for verb, one in zip(turned, _TURNED.values(), strict=True):
            verb.add_argument("name", metavar=one.of.upper(), help="its name, or its number")
        new = asked.add_parser("add-channel", help="a place where alerts are told")
        new.add_argument("name", metavar="NAME")
        new.add_argument("--kind", choices=["apprise", "webhook"], default="apprise")
        new.add_argument(
            "--address-file", required=True, metavar="FILE", help="a file with the address; - is standard input"
        )
        new.add_argument("--secret-file", metavar="FILE", help="a file with the secret (whsec_…) that signs a webhook")
        trial = asked.add_parser("test", help="send a test alert by the way that all alerts take")
        trial.add_argument("--channel", required=True, metavar="NAME")
        for verb in (*ruled, *turned, new, trial):
            add_reason(verb)
            add_dry_run(verb)
        for parsed in (rules, channels, log, *ruled, *turned, new, trial):
            parsed.add_argument("--json", action="store_true", help="print one JSON document")

    def act(self, options: dict[str, Any]) -> dict[str, Any]:
        """Look, or do it."""
        questions: dict[str, Any] = {"rules": self._rules, "channels": self._channels, "log": self._log}
        if options["asked"] in questions:
            answer: dict[str, Any] = questions[options["asked"]](options)
            return answer
        verbs: dict[str, Any] = {
            "add-rule": self._add_rule,
            "change-rule": self._change_rule,
            "add-channel": self._add,
            "test": self._test,
        }
        verb = verbs.get(options["asked"], self._turn)
        reason = given(options["reason"])
        return self.tried(options, lambda: verb(options, reason))

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

    def _add_rule(self, options: dict[str, Any], reason: str) -> dict[str, Any]:
        made = rules.create(options["kind"], wanted(options), actor=actor(), reason=reason)
        self.say(f"{options['name']} watches from now on.")
        return {"id": None if options["dry_run"] else made, "name": options["name"], "changed": True}

    def _change_rule(self, options: dict[str, Any], reason: str) -> dict[str, Any]:
        key, known = standing(options["rule"])
        wish = wanted(options, known)
        changed = change_rule(key, wish, actor=actor(), reason=reason)
        self.say(f"{wish.name} is changed." if changed else "It was so before; nothing was changed.")
        return {"id": key, "name": wish.name, "changed": changed}

    def _turn(self, options: dict[str, Any], reason: str) -> dict[str, Any]:
        turn = _TURNED[options["asked"]]
        row = (alerts.rule_called if turn.of == "rule" else alerts.channel_called)(options["name"])
        # What is removed says nothing: it was there.
        changed = turn.act(row.pk, actor=actor(), reason=reason) is not False
        self.say(f"The {turn.of} {row.name} is {turn.state}{'' if changed else ', as it was'}.")
        return {"id": row.pk, "name": row.name, "state": turn.state, "changed": changed}

    def _add(self, options: dict[str, Any], reason: str) -> dict[str, Any]:
        secret = options["secret_file"]
        made = channels.create(
            options["name"],
            kind=options["kind"],
            address=line(options["address_file"], what="address"),
            secret="" if secret is None else line(secret, what="secret"),
            actor=actor(),
            reason=reason,
        )
        self.say(
            f"There is a channel {options['name']} now; test it: manage.py alerts test --channel {options['name']}"
        )
        return {"id": None if options["dry_run"] else made, "name": options["name"]}

    def _test(self, options: dict[str, Any], reason: str) -> dict[str, Any]:
        public = try_out(alerts.channel_called(options["channel"]).pk, actor=actor(), reason=reason)
        (delivery,) = alerts.alert_of(public)["deliveries"]
        if options["dry_run"]:
            return {"id": None, "carrier": None}
        self.say(f"{public} is on its way, carried by {delivery['carrier'] or 'nobody yet'}: manage.py alerts log")
        return {"id": public, "carrier": delivery["carrier"]}
