"""`manage.py up` as a new user starts it: a process of its own, its words, and whatever it leaves behind."""

import os
import re
import select
import signal
import socket
import subprocess
import sys
import threading
import urllib.request
from contextlib import suppress
from pathlib import Path

from doplatform import paths
from tests.plugin import OWN


class Instance:
    """Start with `with`; leaving kills whatever is left, so that a failing test leaves nothing either."""

    def __init__(self, data, *options, port=None):
        self.data = Path(data).resolve()
        self.port = port or free_port()
        environment = {name: value for name, value in os.environ.items() if name not in OWN}
        self.process = subprocess.Popen(
            [sys.executable, "manage.py", "up", "--data", str(self.data), "--port", str(self.port), *options],
            cwd=paths.BASE,
            env={**environment, "PYTHONWARNINGS": "default"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self.text = ""
        self._heard = threading.Condition()
        self._ear = threading.Thread(target=self._listen)
        self._ear.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        for pid in leftovers(self.data):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.close()

    def close(self):
        """For an instance that has ended: let go of its output."""
        self._ear.join()
        self.process.stdout.close()

    def _listen(self):
        for line in self.process.stdout:
            with self._heard:
                self.text += line
                self._heard.notify_all()

    def says(self, pattern, seconds=60):
        """Wait for a line that matches, and return the match."""
        with self._heard:
            found = self._heard.wait_for(lambda: re.search(pattern, self.text), timeout=seconds)
        assert found, f"{pattern!r} was not said:\n{self.text}"
        return found

    def forget(self):
        """Wait from now on for what is said after this."""
        with self._heard:
            self.text = ""

    def ready(self):
        self.says(r"ready +\|   Stop +Ctrl-C")
        return self

    @property
    def url(self):
        return self.says(r"Open +(\S+)")[1]

    @property
    def password(self):
        return self.says(r"Password +(\S+)")[1]

    def get(self, path="", seconds=20):
        with urllib.request.urlopen(self.url + path, timeout=seconds) as answer:
            return answer.status

    def pids(self, *words):
        """The processes of this instance whose command line has all these words."""
        return [pid for pid in leftovers(self.data) if all(word in _read(pid, "cmdline") for word in words)]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def leftovers(data):
    """All living processes that know this data folder, by their arguments or their environment."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit() and int(folder.name) != os.getpid():
            pid = int(folder.name)
            if str(data) in _read(pid, "cmdline") + _read(pid, "environ"):
                found.append(pid)
    return found


def ended(pids, seconds):
    """Wait until all of these are gone; they need not be children of ours."""
    watches = []
    for pid in pids:
        with suppress(ProcessLookupError):
            watches.append(os.pidfd_open(pid))
    try:
        return all(select.select([watch], [], [], seconds)[0] for watch in watches)
    finally:
        for watch in watches:
            os.close(watch)


def _read(pid, name):
    try:
        return Path(f"/proc/{pid}/{name}").read_text(errors="replace")
    except OSError:
        return ""
