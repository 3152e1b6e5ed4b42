"""What a server remembers: one JSON line per record, so that a restart forgets no charge."""

import json
from pathlib import Path
from typing import Any


class Records:
    """An append-only list with a file behind it."""

    def __init__(self, file: Path) -> None:
        self._file = file
        # A line without its end is one that a power cut interrupted: nobody was answered for it.
        lines = file.read_text(encoding="utf-8").splitlines(keepends=True) if file.exists() else []
        self.rows: list[dict[str, Any]] = [json.loads(line) for line in lines if line.endswith("\n")]

    def add(self, row: dict[str, Any]) -> None:
        """Keep `row`; written before this returns."""
        with self._file.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(row) + "\n")
        self.rows.append(row)
