"""The client of chaos: submits through the public API until each request is acknowledged, and remembers it in a file.

python -m benchmarks.chaos.client SEED COUNT PER_SECOND HISTORY. A request whose answer is lost is sent again with its
key. A line of the history: number, action, public id, "first" or "replayed".
"""

import random
import sys
import time
from pathlib import Path
from typing import Any

_FLOW_EVERY = 10
"""Of so many requests one is a workflow,"""
_DOOMED_EVERY = 50
"""and of so many one that fails on purpose."""
_TWICE = 0.05
"""Share of the requests that are sent a second time although they were acknowledged."""


def main(seed: int, count: int, per_second: float, history: Path) -> None:
    """Submit all of it."""
    import django

    django.setup()
    from benchmarks.app import actions, chaos

    chance = random.Random(seed)
    started = time.monotonic()
    with history.open("ab", buffering=0) as file:
        for number in range(count):
            time.sleep(max(0.0, started + number / per_second - time.monotonic()))
            action, params = _choose(actions, chaos, number, chance)
            times = 2 if chance.random() < _TWICE else 1
            for _ in range(times):
                handle = _submit(action, f"chaos-{seed}-{number}", params)
                word = "replayed" if handle.replayed else "first"
                file.write(f"{number} {action.name} {handle.id} {word}\n".encode())


def _choose(actions: Any, chaos: Any, number: int, chance: random.Random) -> tuple[Any, dict[str, Any]]:
    """An action and its params. On average they keep about two of six workers busy, so that kills hit something."""
    kind = chance.random()
    short, long = round(chance.uniform(0.0, 0.15), 4), round(chance.uniform(0.02, 0.2), 4)
    if number % _FLOW_EVERY == 0:
        return chaos.flow, {"number": number, "seconds": short, "doomed": number % _DOOMED_EVERY == 0}
    if kind < 0.3:
        return actions.chaos_quick, {"number": number}
    if kind < 0.7:
        return actions.chaos_database, {"number": number, "seconds": short}
    return (actions.chaos_external if kind < 0.85 else actions.chaos_repeatable), {"number": number, "seconds": long}


def _submit(action: Any, key: str, params: dict[str, Any]) -> Any:
    from django.db import DatabaseError, InterfaceError, connection

    from actions.errors import IdempotencyInProgress

    while True:
        try:
            return action.invoke(idempotency_key=key, **params)
        except IdempotencyInProgress:
            time.sleep(0.05)
        except (DatabaseError, InterfaceError) as error:
            print(f"no answer for {key}: {str(error).strip()[:200]}", flush=True)
            connection.close()
            time.sleep(0.1)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]), Path(sys.argv[4]))
