"""What the caller sent."""

from collections.abc import Sequence

from actions.errors.base import DoplatformError, Problem


class InvalidInput(DoplatformError):
    """The input breaks a rule; nothing was stored."""

    def __init__(self, code: str, message: str, *, path: str = "", problems: Sequence[Problem] = ()) -> None:
        super().__init__(message)
        self.code = code  # type: ignore[misc]  # one class, the codes of the input rules
        self.problems: tuple[Problem, ...] = tuple(problems) or (Problem(code, path, message),)

    @property
    def path(self) -> str:
        """The path of the first fault."""
        return self.problems[0].path


class InvalidParams(InvalidInput):
    """The params do not fit the action's schema; nothing was stored."""

    def __init__(self, action: str, problems: Sequence[Problem]) -> None:
        listed = "; ".join(f"{problem.path or 'params'}: {problem.message}" for problem in problems)
        super().__init__("invalid_params", f"The params of {action} do not fit its schema: {listed}", problems=problems)
        self.action = action

    def moved(self, problems: Sequence[Problem]) -> "InvalidParams":
        """The same with other paths, where the params are part of something larger."""
        return InvalidParams(self.action, problems)


class ActionNotFound(DoplatformError):
    """There is no action of that name in this process's code."""

    code = "action_not_found"


class ActionDisabled(DoplatformError):
    """This installation does not offer that action; nothing was stored."""

    code = "action_disabled"


class NotTriggerable(DoplatformError):
    """Only the platform itself asks for that action; nothing was stored."""

    code = "not_triggerable"


class ExecutionNotFound(DoplatformError):
    """There is no execution with that id."""

    code = "execution_not_found"


class IdempotencyKeyRequired(DoplatformError):
    """This action takes no request without an idempotency key; nothing was stored. Send one and try again."""

    code = "idempotency_key_required"


class IdempotencyKeyInvalid(DoplatformError):
    """An idempotency key has 1 to 255 characters of A-Z a-z 0-9 . _ : / @ + = -; nothing was stored."""

    code = "idempotency_key_invalid"


class IdempotencyConflict(DoplatformError):
    """This idempotency key was used before with other params."""

    code = "idempotency_key_reused"

    def __init__(self, key: str, original: str, created_at: str | None = None) -> None:
        super().__init__(
            f"The idempotency key {key!r} was used before with other params, by {original}. Nothing was stored; "
            "send the same params to get that execution, or another key for a new one."
        )
        self.original = original
        self.created_at = created_at


class IdempotencyInProgress(DoplatformError):
    """Another request with this idempotency key is still being stored. Nothing was stored twice; ask again shortly."""

    code = "idempotency_in_progress"
