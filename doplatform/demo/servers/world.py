"""All the servers together: opened, published in demo.json, and closed again."""

import asyncio
import fcntl
import logging
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from doplatform import env, paths
from doplatform.demo import addresses
from doplatform.demo.servers.control import Control
from doplatform.demo.servers.crm import Crm
from doplatform.demo.servers.mail import MailServer
from doplatform.demo.servers.outsider import Outsider, Say
from doplatform.demo.servers.payment import PaymentProvider


class AlreadyRunning(Exception):
    """The demo servers of this data folder are running already."""


def live(say: Say) -> None:
    """Open the servers and stay until SIGTERM or SIGINT. Raises AlreadyRunning."""
    logging.getLogger("mail.log").setLevel(logging.ERROR)
    folder = paths.data_folder() / "demo"
    folder.mkdir(parents=True, exist_ok=True)
    with _alone(folder):
        asyncio.run(_live(folder, say))


async def _live(folder: Path, say: Say) -> None:
    end = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, end.set)
    slowness = float(env.number("DEMO_SLOW_SECONDS", 8))
    outsiders: dict[str, Outsider] = {
        kind.name: kind(folder, port=_port(kind), slowness=slowness, say=say)
        for kind in (MailServer, Crm, PaymentProvider)
    }
    control = Control(outsiders, port=_port(Control), say=say, switched=lambda: _publish(outsiders, control))
    everyone = [*outsiders.values(), control]
    try:
        for outsider in everyone:
            await outsider.open()
            outsider.say(f"listens on {addresses.HOST}:{outsider.port}")
        _publish(outsiders, control)
        say(f"Stop and start them on http://{addresses.HOST}:{control.port}/")
        await end.wait()
    finally:
        addresses.withdraw()
        for outsider in everyone:
            outsider.close()


def _port(kind: type[Outsider]) -> int:
    """DEMO_SMTP_PORT and so on; 0 takes any."""
    return env.number(f"DEMO_{kind.name.upper()}_PORT", kind.default_port)


def _publish(outsiders: dict[str, Outsider], control: Control) -> None:
    ports = {name: outsider.port for name, outsider in outsiders.items()}
    addresses.publish(addresses.Addresses(**ports, control=control.port, pid=os.getpid()))


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Two sets of servers would take the addresses and the records from each other."""
    with (folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlreadyRunning(AlreadyRunning.__doc__) from None
        yield
