"""Fuzz the API at length: `python -m tests.fuzz [requests] [seed]`, 10,000 requests (G17) where nothing is said.

The suite sends a few hundred of the same kind. Prints how many were sent and which took the most processor time; exits 1 for
a 5xx, for an answer that the OpenAPI document does not know, and for anything of our inside in one. The same seed sends the
same requests.
"""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
MOST = 10_000


def main(said: list[str]) -> int:
    """Run the fuzz test with so many requests."""
    requests = int(said[0]) if said else MOST
    seed = int(said[1]) if len(said) > 1 else 2026
    environment = {**os.environ, "FUZZ_REQUESTS": str(requests), "FUZZ_SEED": str(seed)}
    command = [sys.executable, "-m", "pytest", "-n", "0", "-s", "-k", "fuzz", "tests/interfaces/test_api_fuzz.py"]
    return subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
