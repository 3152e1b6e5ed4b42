"""manage.py doctor: would this installation lose work, or let it lie?"""

from typing import Any

from django.core import checks
from django.db import DatabaseError, InterfaceError

from actions.engine import doctor
from actions.engine.doctor import Finding, Level
from actions.management.face import Face, Refused, shown
from actions.queries.sealing import sealing

_LONGEST_UNSEALED = 60.0
"""Seconds; a sealer that is up needs less than ten."""
_SIGNS = {Level.OK: "OK  ", Level.WARN: "WARN", Level.FAIL: "FAIL"}


class Command(Face):
    """Asks everything that engine.doctor knows, and the system checks of doplatform."""

    help = "Examine settings, servers and processes; exit 1 where one would lose work or let it lie."

    def act(self, options: dict[str, Any]) -> dict[str, Any]:
        """Ask and judge."""
        findings = [*doctor.examine(), *_sealed(), *_checked()]
        for finding in findings:
            self._tell(finding)
        counts = {level.value: sum(finding.level == level for finding in findings) for level in Level}
        self.say(f"{counts['ok']} in order, {counts['warn']} warnings, {counts['fail']} failures.")
        answer = {
            "healthy": not counts["fail"],
            "counts": counts,
            "findings": [_as_json(finding) for finding in findings],
        }
        if counts["fail"]:
            if self.as_json:
                self.print_json(answer)
            bad = ", ".join(finding.id for finding in findings if finding.level == Level.FAIL)
            text = f"unhealthy: {counts['fail']} of {len(findings)} answers would lose work or let it lie: {bad}."
            raise Refused(text)
        return answer

    def _tell(self, finding: Finding) -> None:
        self.say(f"{_SIGNS[finding.level]} {finding.id:<32} {' '.join(shown(finding.found).split())}")
        for text in (finding.meaning, finding.remedy):
            if text:
                self.say(f"     {text}")


def _sealed() -> list[Finding]:
    """How far the audit is sealed; nothing when PostgreSQL does not answer, which another finding says."""
    try:
        state = sealing()
    except (DatabaseError, InterfaceError):
        return []
    if state.lag <= _LONGEST_UNSEALED:
        return [Finding("sealing", Level.OK, f"{state.seal or 0} seals, nothing has waited for long")]
    found = f"the oldest entry that is not sealed is {state.lag:.0f} s old"
    meaning = "Until it is sealed, nobody can tell whether the audit's newest part was changed."
    if state.held:
        remedy = "An older transaction is still open: find it in pg_stat_activity (backend_xid), and end it."
        return [Finding("sealing", Level.WARN, found, meaning, remedy)]
    remedy = "Start maintain; if one is running, its log says sealing_stopped or sealing_disturbed, and why."
    return [Finding("sealing", Level.FAIL, found, meaning, remedy)]


def _checked() -> list[Finding]:
    """The system checks of doplatform as findings."""
    found = checks.run_checks(tags=["doplatform"], include_deployment_checks=True)
    if not found:
        return [Finding("checks", Level.OK, "actions and settings are declared well")]
    return [
        Finding(
            message.id or "checks",
            Level.FAIL if message.level >= checks.ERROR else Level.WARN,
            str(message.msg),
            remedy=message.hint or "",
        )
        for message in found
    ]


def _as_json(finding: Finding) -> dict[str, str]:
    return {
        "id": finding.id,
        "level": finding.level.value,
        "found": finding.found,
        "meaning": finding.meaning,
        "remedy": finding.remedy,
    }
