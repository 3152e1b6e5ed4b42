"""Learns when the web process answers, without asking again and again: the listening socket keeps the one question."""

import socket
from collections.abc import Callable
from contextlib import suppress

from doplatform.services.supervisor import Supervisor

_QUESTION = b"GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
_YES = b"HTTP/1.1 200"
_PAUSE = 1.0  # seconds


class Readiness:
    """Calls `ready` once, when /readyz behind `address` says 200."""

    def __init__(self, supervisor: Supervisor, address: tuple[str, int], ready: Callable[[], None]) -> None:
        self._supervisor = supervisor
        self._address = address
        self._ready = ready

    def ask(self) -> None:
        """Ask; a process that dies over the question, or cannot reach its database, is asked again."""
        try:
            self._question = socket.create_connection(self._address, timeout=5)
            self._question.sendall(_QUESTION)
        except OSError:
            self._supervisor.later(_PAUSE, self.ask)
        else:
            self._supervisor.watch(self._question, self._answer)

    def _answer(self) -> None:
        answer = b""
        with suppress(OSError):
            answer = self._question.recv(len(_YES))
        self._supervisor.unwatch(self._question)
        self._question.close()
        if answer == _YES:
            self._ready()
        else:
            self._supervisor.later(_PAUSE, self.ask)
