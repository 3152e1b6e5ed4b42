"""Where the embedded servers of `manage.py up` keep their data and their sockets.

Every process of one installation derives the same places from the data folder alone, so that a command in a second
terminal finds the servers that `up` started without being told.
"""

import hashlib
import os
import tempfile
from pathlib import Path

BASE = Path(__file__).resolve().parent.parent

# sun_path holds 108 bytes; PostgreSQL appends ".s.PGSQL.5432" to the folder.
_LONGEST_SOCKET_FOLDER = 80


def data_folder() -> Path:
    """The data folder: DO_DATA, or .data beside manage.py."""
    return Path(os.environ.get("DO_DATA") or BASE / ".data").resolve()


def socket_folder(data: Path) -> Path:
    """The folder of both servers' sockets: inside `data`, or in the temporary folder where that path is too long."""
    inside = data / "run"
    if len(os.fsencode(inside)) <= _LONGEST_SOCKET_FOLDER:
        return inside
    digest = hashlib.sha256(os.fsencode(data)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"doplatform-{digest}"


def database_url(data: Path) -> str:
    """The URL of the embedded PostgreSQL of `data`."""
    return f"postgresql://postgres@/doplatform?host={socket_folder(data)}"


def redis_url(data: Path) -> str:
    """The URL of the embedded Redis of `data`."""
    return f"unix://{socket_folder(data) / 'redis.sock'}"
