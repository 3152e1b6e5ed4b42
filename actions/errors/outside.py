"""What the outside world did, or was not let do."""

from actions.errors.base import DoplatformError
from actions.errors.handlers import GiveUp


class BlockedDestination(GiveUp):
    """The address is not one that this installation may call (OUTSIDE_ALLOWED_HOSTS); nothing was sent."""

    code = "blocked_destination"


class Unreachable(DoplatformError):
    """There was no connection, so nothing was sent."""

    code = "unreachable"


class ReplyLost(DoplatformError):
    """The request went out, and no answer came back: the other side may have done what it was asked."""

    code = "reply_lost"


class AnswerUnfit(DoplatformError):
    """The other side has done what it was asked, but its answer cannot be used as a result."""

    code = "answer_unfit"


class RemoteFault(DoplatformError):
    """The other side failed while it had the request; it may have done a part of it, or all."""

    code = "remote_fault"


class RemoteRefused(DoplatformError):
    """The other side did not do it now, and may another time."""

    code = "remote_refused"


class SettingMissing(GiveUp):
    """A secret or a header names a setting that this process does not have; nothing was sent."""

    code = "setting_missing"


class NotLocal(DoplatformError):
    """A remote action has no function in this code: use invoke(), or call it in a workflow."""

    code = "not_local"
