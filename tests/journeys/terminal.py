"""A second terminal beside an instance: `manage.py` commands with --json, in one process that imports Django once."""

import json
import os
import subprocess
import sys
from contextlib import redirect_stdout, suppress
from io import StringIO
from pathlib import Path
from typing import Any, Self

from doplatform import paths
from tests.plugin import OWN


class Terminal:
    """Open it with `with`; nothing of it is left afterwards. Only `data` says which instance it speaks of."""

    def __init__(self, data: Path) -> None:
        environment = {name: value for name, value in os.environ.items() if name not in OWN}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.journeys.terminal"],
            cwd=paths.BASE,
            env={**environment, "DO_DATA": str(data), "HTTPS": "False"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with self._process:
            assert self._process.stdin is not None
            self._process.stdin.close()

    def manage(self, *words: str) -> Any:
        """What the command says with --json."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps([*words, "--json"]) + "\n")
        self._process.stdin.flush()
        return json.loads(json.loads(self._process.stdout.readline()))


def main() -> None:
    """Run each line, a JSON list of words, as manage.py would; answer with what it wrote, as one JSON text a line."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "doplatform.settings")
    from django.core.management import execute_from_command_line

    for line in sys.stdin:
        said = StringIO()
        with redirect_stdout(said), suppress(SystemExit):
            execute_from_command_line(["manage.py", *json.loads(line)])
        print(json.dumps(said.getvalue()), flush=True)


if __name__ == "__main__":
    main()
