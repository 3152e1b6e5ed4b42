"""The system user of the embedded servers: PostgreSQL refuses to run as root.

Anybody else runs the servers as themselves, and every function here does nothing then.
"""

import os
import pwd
import shutil
import stat
import subprocess
from pathlib import Path

from doplatform.services.errors import ServerFailed

_NAME = "doplatform"


def needed() -> bool:
    """Whether this process is root, so that the servers need a user of their own."""
    return os.geteuid() == 0


def name() -> str:
    """The user that the servers run as; made by useradd when it is missing. "-" for the present user.

    Raises ServerFailed where useradd is absent or refuses.
    """
    if not needed():
        return "-"
    try:
        return pwd.getpwnam(_NAME).pw_name
    except KeyError:
        pass
    useradd = shutil.which("useradd") or "/usr/sbin/useradd"
    command = [useradd, "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", _NAME]
    try:
        subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603
    except (OSError, subprocess.CalledProcessError) as error:
        said = getattr(error, "stderr", "") or str(error)
        raise ServerFailed(
            f"PostgreSQL does not run as root, and the system user {_NAME} could not be made: {said.strip()} "
            "Start as another user, or make that user."
        ) from error
    return _NAME


def own(folder: Path) -> None:
    """Make `folder` (0700) belong to the servers' user, and let that user walk to it."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if needed():
        entry = pwd.getpwnam(name())
        os.chown(folder, entry.pw_uid, entry.pw_gid)
        open_way(folder)
    folder.chmod(0o700)


def open_way(place: Path) -> None:
    """Let the servers' user walk through the folders above `place`; they stay unreadable for it."""
    if not needed():
        return
    for folder in place.resolve().parents:
        mode = folder.stat().st_mode
        if not mode & stat.S_IXOTH:
            folder.chmod(stat.S_IMODE(mode) | stat.S_IXOTH)


def open_programs(folder: Path) -> None:
    """Let the servers' user read and execute everything in `folder`, where a strict umask installed it."""
    if not needed():
        return
    open_way(folder)
    for place in [folder, *folder.rglob("*")]:
        if place.is_symlink():
            continue
        mode = stat.S_IMODE(place.stat().st_mode)
        wanted = mode | stat.S_IROTH | (stat.S_IXOTH if mode & stat.S_IXUSR else 0)
        if wanted != mode:
            place.chmod(wanted)
