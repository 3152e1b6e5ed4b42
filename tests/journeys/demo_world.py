"""The demo's outside world as a real process, on any free ports, with its own data folder."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from doplatform.paths import BASE


@contextmanager
def demo_world(data: Path, **environment: str) -> Iterator[subprocess.Popen[str]]:
    """The servers, open; `data` becomes their data folder. Ended by SIGTERM."""
    process = subprocess.Popen(
        [sys.executable, "-m", "doplatform.demo.servers"],
        cwd=BASE,
        env={
            **os.environ,
            **{f"DEMO_{name}_PORT": "0" for name in ("SMTP", "CRM", "PAYMENT", "CONTROL")},
            "DO_DATA": str(data),
            **environment,
        },
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        for line in process.stdout:
            if line.startswith("Stop and start"):
                break
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=10)
