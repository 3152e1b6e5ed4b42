"""What can go wrong with the processes around the engine."""

from actions.errors import DoplatformError


class ServerMissing(DoplatformError):
    """A server that should be started is not installed."""

    code = "server_missing"


class ServerHeld(DoplatformError):
    """A live server still holds this data folder."""

    code = "server_held"


class ServerFailed(DoplatformError):
    """A server did not come up."""

    code = "server_failed"


class AlreadyUp(DoplatformError):
    """Another instance is up on this data folder."""

    code = "already_up"


class NoFreePort(DoplatformError):
    """No port is free."""

    code = "no_free_port"
