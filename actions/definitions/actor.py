"""Who asked: carried by every verb into the execution and the audit."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Actor:
    """`kind` is user, api_key, schedule, workflow or system; `label` is kept as text, so that it outlives the account.

    `key` is the id of the API key that an api_key actor came with. It is not part of who that is: with the next key it is
    the same principal.
    """

    kind: str
    id: str
    label: str
    key: str = ""

    @property
    def principal(self) -> str:
        """Who owns the idempotency keys that this actor sends."""
        return f"{self.kind}:{self.id}"


CODE = Actor("system", "code", "application code")
"""Invocations from code that name no actor."""
PLATFORM = Actor("system", "platform", "doplatform")
"""What the platform does by itself: claims, settles, rescues."""
