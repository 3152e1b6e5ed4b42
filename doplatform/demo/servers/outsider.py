"""What all servers have in common: a name, a port, a mode, and a listening socket that really closes."""

import asyncio
import socket
from abc import ABC, abstractmethod
from collections.abc import Callable

from doplatform.demo.addresses import HOST
from doplatform.demo.servers.modes import Mode

Say = Callable[[str], None]

# How many ports after a busy one are tried before the system is asked for any.
_NEIGHBOURS = 10


class Outsider(ABC):
    """One server of the outside world."""

    name: str
    title: str
    default_port: int

    def __init__(self, *, port: int | None = None, slowness: float = 8.0, say: Say) -> None:
        self.port = self.default_port if port is None else port
        self.slowness = slowness
        self.mode = Mode.OK
        self._say = say
        self._server: asyncio.Server | None = None

    async def open(self) -> None:
        """Listen on the port, or on the next free one where it is busy."""
        listener = _bind(self.port)
        port = listener.getsockname()[1]
        if self.port not in {0, port}:
            self.say(f"port {self.port} is busy, using {port}")
        self.port = port
        self._server = await self._serve(listener)

    def close(self) -> None:
        """Stop listening; the port refuses connections when this returns."""
        if self._server is not None:
            self._server.close()
            self._server = None

    async def switch(self, mode: Mode) -> None:
        """Change the mode; opens or closes the listening socket where `down` begins or ends."""
        self.mode = mode
        if mode is Mode.DOWN:
            self.close()
        elif self._server is None:
            await self.open()
        self.say(f"{mode}: it {mode.sentence}")

    def say(self, text: str) -> None:
        """One line for the person who watches."""
        self._say(f"{self.name:<8} {text}")

    def latest(self) -> list[str]:
        """What happened here last, newest first, for the control page."""
        return []

    @abstractmethod
    async def _serve(self, listener: socket.socket) -> asyncio.Server:
        """Accept connections from `listener`."""


def _bind(port: int) -> socket.socket:
    """A listening socket on `port`, a near free one, or any."""
    for candidate in [*range(port, port + _NEIGHBOURS), 0]:
        try:
            return socket.create_server((HOST, candidate))
        except OSError:
            continue
    raise OSError(f"There is no free port on {HOST}.")
