"""What `manage.py up` needs to stand on: before Django reads its settings, a key and an environment; after that, a lock,
a port and an administrator.
"""

import fcntl
import os
import secrets
import socket
from argparse import ArgumentParser
from dataclasses import dataclass
from pathlib import Path

from django.core.management.utils import get_random_secret_key

from doplatform import paths
from doplatform.services.errors import AlreadyUp, NoFreePort

_PORTS_TRIED = 100
_NAME = "admin"


def prepare(arguments: list[str]) -> None:
    """Set the environment of this process and its children from the command's arguments, and make the key once."""
    parser = ArgumentParser(add_help=False)
    parser.add_argument("--data")
    parser.add_argument("--no-demo", action="store_true")
    given, _ = parser.parse_known_args(arguments)
    if given.data:
        os.environ["DO_DATA"] = given.data
    data = paths.data_folder()
    os.environ["DO_DATA"] = str(data)
    if given.no_demo:
        os.environ["DEMO"] = "False"
    os.environ.setdefault("HTTPS", "False")
    # The time and the name of the process are put before each line here.
    os.environ.setdefault("LOG_FORMAT", "plain")
    # Ctrl-C is promised to be over in 5 s: what still works after this is given back, to be done at the next start.
    os.environ.setdefault("SHUTDOWN_GRACE", "1")
    if not given_by_environment("SECRET_KEY"):
        _write_once(data / "secret_key", get_random_secret_key() + "\n")


def given_by_environment(name: str) -> bool:
    """Whether NAME, or NAME_FILE in its place, is set."""
    return name in os.environ or f"{name}_FILE" in os.environ


def take(data: Path) -> int:
    """The lock on the data folder, held until this process ends. Raises AlreadyUp, naming the process that has it."""
    file = os.open(data / "up.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.read(file, 20).decode().strip() or "?"
        os.close(file)
        raise AlreadyUp(
            f"doplatform is up already on {data} (process {holder}); that one was left alone. "
            "Stop it first, or choose another folder with --data."
        ) from None
    os.ftruncate(file, 0)
    os.write(file, f"{os.getpid()}\n".encode())
    return file


def listen(wanted: int) -> socket.socket:
    """A listening socket on loopback: the wanted port, or the next that is free. Raises NoFreePort."""
    for port in range(wanted, min(wanted + _PORTS_TRIED, 65536)):
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", port))
            listener.listen(128)
        except OSError:
            listener.close()
        else:
            return listener
    raise NoFreePort(f"No port from {wanted} on is free; nothing was started. Choose another with --port.")


@dataclass(frozen=True, kw_only=True)
class Account:
    """How to log in: `password` is None where it is not known here, and then `remark` says why."""

    name: str
    password: str | None
    remark: str


def administrator(data: Path) -> Account:
    """The administrator whose password is kept in `data`; made at the first start. Needs the migrated database."""
    from django.contrib.auth import get_user_model  # noqa: PLC0415  (prepare() runs before there are settings)

    users = get_user_model()._default_manager
    file = data / "administrator"
    if not file.exists() and users.filter(is_superuser=True, is_active=True).exists():
        return Account(name="", password=None, remark="log in with an administrator that you made before")
    _write_once(file, secrets.token_urlsafe(12) + "\n")
    password = file.read_text(encoding="utf-8").strip()
    user = users.filter(username=_NAME).first()
    if user is None:
        users.create_superuser(_NAME, "admin@localhost", password)
    elif not user.check_password(password):
        return Account(name=_NAME, password=None, remark="the password was changed since it was made")
    return Account(name=_NAME, password=password, remark=f"kept in {file}")


def _write_once(file: Path, text: str) -> None:
    """Write `text`, readable by the owner alone, unless the file is there; nobody ever sees half of it."""
    if file.exists():
        return
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = file.with_name(f"{file.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as out:
        out.write(text)
    try:
        file.hardlink_to(draft)
    except FileExistsError:
        pass  # another start was first; its text stands
    finally:
        draft.unlink()
