"""Where the demo's servers listen: demo.json in the data folder, written by them and read at each call.

Nothing keeps an address longer than one call, so a restart on other ports is found by everybody at once.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from doplatform import paths

HOST = "127.0.0.1"


@dataclass(frozen=True, kw_only=True)
class Addresses:
    """The ports on loopback, and the process that listens there."""

    smtp: int
    crm: int
    payment: int
    control: int
    pid: int

    def url(self, server: str) -> str:
        """The base URL of one of the HTTP servers."""
        return f"http://{HOST}:{getattr(self, server)}"


def file() -> Path:
    """The file that holds the addresses."""
    return paths.data_folder() / "demo.json"


def current() -> Addresses:
    """The addresses as they are now. Raises ConnectionError while the servers are not running."""
    try:
        return Addresses(**json.loads(file().read_text(encoding="utf-8")))
    except FileNotFoundError:
        raise ConnectionError("The demo servers are not running; start them with: manage.py demo_servers") from None


def publish(addresses: Addresses) -> None:
    """Write the file in one stroke, so that nobody reads half of it."""
    draft = file().with_suffix(".new")
    draft.write_text(json.dumps(asdict(addresses), indent=2) + "\n", encoding="utf-8")
    draft.replace(file())


def withdraw() -> None:
    """Remove the file: nobody listens any more, and another program may get the ports."""
    file().unlink(missing_ok=True)
