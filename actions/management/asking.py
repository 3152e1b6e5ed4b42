"""quiet_worker, resume_worker and stop_worker, which differ by one word."""

from typing import Any, ClassVar

from actions.desk.crew import VERBS
from actions.management.face import Each, actor


class Ask(Each):
    """Subclasses name what is asked of the workers."""

    id_help = "numbers of workers, as manage.py workers lists them"
    verb: ClassVar[str]

    def act_on(self, id_: str, reason: str, options: dict[str, Any]) -> tuple[dict[str, Any], str]:
        """Ask one."""
        verb = VERBS[self.verb]
        told = verb.act(id_, actor=actor(), reason=reason)
        answer = {"place": told.place, "changed": told.changed, "hears": told.hears}
        if not told.changed and told.at is not None:
            answer |= {"by": told.by, "at": told.at.isoformat(), "reason": told.reason}
        return answer, verb.sentence(told)
