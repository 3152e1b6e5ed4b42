"""The process around engine.maintain: a tick, a signal to stop, and a connection that comes back."""

import signal
import threading
from types import FrameType

import structlog
from django.db import DatabaseError, InterfaceError, connection

from actions import conf
from actions.engine.maintain import Maintain
from actions.engine.sync import sync

log = structlog.get_logger(__name__)


def serve() -> None:
    """Step every tick until SIGTERM or SIGINT."""
    stop = threading.Event()

    def request_stop(signum: int, frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, request_stop)
    signal.signal(signal.SIGINT, request_stop)
    maintain = Maintain()
    synced = False
    while not stop.is_set():
        synced = synced or _sync()
        if synced:
            maintain.step()
        stop.wait(conf.get().MAINTAIN_TICK)
    connection.close()


def _sync() -> bool:
    try:
        sync()
    except (DatabaseError, InterfaceError) as error:
        log.warning("database_away", error=str(error).strip()[:200])
        connection.close()
        return False
    return True
