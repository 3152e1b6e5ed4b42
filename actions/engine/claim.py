"""claim: take due executions for this worker, few or many by how long they take."""

from django.db import connection, transaction

from actions import conf
from actions.crashpoints import crash_point
from actions.definitions.registry import registry
from actions.engine import ledger
from actions.engine.ledger import Claim
from actions.states import Effects

_LEARN = 0.2
"""Weight of the newest duration in the running mean."""
_LOCK_ACTION = """
SELECT name, max_concurrency FROM actions_action
WHERE name = %s AND paused_at IS NULL AND max_concurrency IS NOT NULL
  AND NOT tags ?| ARRAY(SELECT name::text FROM actions_tag WHERE paused_at IS NOT NULL)
FOR UPDATE SKIP LOCKED
"""
_COUNT_RUNNING = "SELECT count(*) FROM actions_execution WHERE action_id = %s AND status = 'running'"


class Pace:
    """How long the handlers of each action take, in seconds: decides which may be claimed in groups, and how many."""

    def __init__(self) -> None:
        self._mean: dict[str, float] = {}

    def learn(self, action: str, duration: float) -> None:
        """Take in one more duration."""
        mean = self._mean.get(action, duration)
        self._mean[action] = mean + _LEARN * (duration - mean)

    def of(self, action: str) -> float:
        """The mean duration; an unknown action is taken for a quick one until it is known."""
        return self._mean.get(action, 0.0)


class Claimer:
    """Claims for one worker process: knows its actions' lists and their pace."""

    def __init__(self, pace: Pace) -> None:
        self.pace = pace
        self._limited: dict[str, list[str]] = {}
        self._limited_turn = False
        self._groupable: list[str] = []
        self._forgettable: list[str] = []
        self._secretive: list[str] = []
        for action in registry:
            if action.groupable:
                self._groupable.append(action.name)
            if action.effects == Effects.DATABASE and action.atomic:
                self._forgettable.append(action.name)
            if action.params.secret:
                self._secretive.append(action.name)
            if action.max_concurrency is not None:
                self._limited.setdefault(action.queue, []).append(action.name)

    def claim(self, queue: str, *, worker: int) -> list[Claim]:
        """Due executions of `queue`, in order; empty when there is nothing to do now. Commits."""
        # Turn and turn about, so that a queue that is never empty cannot keep limited actions from their turn.
        self._limited_turn = not self._limited_turn and queue in self._limited
        claims = self._claim_limited(queue, worker) if self._limited_turn else []
        claims = claims or self._claim_open(queue, worker)
        if not claims and not self._limited_turn:
            claims = self._claim_limited(queue, worker)
        if claims:
            crash_point("claim.committed")
        return claims

    def _claim_open(self, queue: str, worker: int) -> list[Claim]:
        settings = conf.get()
        quick = [name for name in self._groupable if self.pace.of(name) < settings.GROUP_TIME]
        return ledger.claim(
            queue=queue,
            worker=worker,
            size=settings.GROUP_SIZE,
            groupable=quick,
            forgettable=self._forgettable,
            secretive=self._secretive,
        )

    def _claim_limited(self, queue: str, worker: int) -> list[Claim]:
        """One execution of a limited action that has a free slot.

        The action's row is locked first, and the running ones are counted by a second statement, which sees what
        committed before the lock was had: two claims can never both take the last slot.
        """
        for name in self._limited.get(queue, ()):
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(_LOCK_ACTION, [name])
                row = cursor.fetchone()
                if row is None:
                    continue
                cursor.execute(_COUNT_RUNNING, [name])
                if cursor.fetchone()[0] >= row[1]:
                    continue
                claims = ledger.claim_limited(queue=queue, action=name, worker=worker)
                if claims:
                    return claims
        return []
