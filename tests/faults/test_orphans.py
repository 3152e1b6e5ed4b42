"""No worker outlives its pool, whenever the pool dies."""

import os
import subprocess
import sys

_FORK = """
import os, sys, time, django
django.setup()
from doplatform.services.worker import die_with_parent
parent = os.getpid()
if os.fork():
    os._exit(0)
while os.getppid() == parent:
    time.sleep(0.005)
die_with_parent(parent)
time.sleep(0.2)
print("an orphan lives on")
"""


def test_a_worker_whose_pool_died_before_it_could_ask_for_its_own_end_ends_at_once() -> None:
    """F02: the pool is killed between its fork and the worker's first breath."""
    done = subprocess.run(
        [sys.executable, "-c", _FORK], env=dict(os.environ), capture_output=True, text=True, timeout=20, check=False
    )
    assert (done.stdout, done.stderr) == ("", "")
