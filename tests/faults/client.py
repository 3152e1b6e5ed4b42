"""A plain client process: reads one JSON order per line, answers with one JSON line. It can be killed at crash points."""

import json
import sys
import threading
import time
from typing import Any


def serve() -> None:
    """Serve orders until standard input ends. Django is set up."""
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        print(json.dumps(_answer(json.loads(line))), flush=True)


def _answer(order: dict[str, Any]) -> dict[str, Any]:
    from actions.errors import DoplatformError

    start = time.monotonic()
    try:
        answer = {
            "forget": _forget, "race": _race, "invoke": _invoke, "many": _many, "retry": _retry, "emit": _emit,
            "resolve": _resolve, "alert": _alert,
        }[order.pop("verb")](**order)  # fmt: skip
    except DoplatformError as error:
        answer = {"error": error.code}
    except Exception as error:
        answer = {"error": type(error).__name__, "message": str(error)}
        _close()
    answer["seconds"] = time.monotonic() - start
    return answer


def _invoke(
    action: str, params: dict[str, Any], key: str | None = None, callback: dict[str, str] | None = None
) -> dict[str, Any]:
    from actions.definitions.registry import registry

    handle = registry.get(action).invoke(idempotency_key=key, callback=callback, **params)
    return {"id": handle.id, "replayed": handle.replayed}


def _many(action: str, items: list[dict[str, Any]]) -> dict[str, Any]:
    from actions.definitions.registry import registry

    return {"ids": [handle.id for handle in registry.get(action).invoke_many(items)]}


def _retry(execution: str) -> dict[str, Any]:
    from actions.definitions.actor import Actor
    from actions.engine.operate.retry import retry

    retry(execution, actor=Actor(kind="system", id="test", label="test"), reason="a test")
    return {"id": execution}


def _emit(execution: str, key: str | None = None, **payload: Any) -> dict[str, Any]:
    from actions import emit

    emit(execution, "review", payload, idempotency_key=key)
    return {"id": execution}


def _resolve(execution: str, answer: str, result: Any = None) -> dict[str, Any]:
    from actions.definitions.actor import Actor
    from actions.engine.operate.resolve import Answer, resolve

    actor = Actor(kind="system", id="test", label="test")
    resolve(execution, answer=Answer(answer), actor=actor, reason="a test", result=result)
    return {"id": execution}


def _alert(kind: str, address: str, secret: str) -> dict[str, Any]:
    """A rule that tells a webhook."""
    from actions.definitions.actor import Actor
    from actions.engine.alerts.channels import create as channels
    from actions.engine.alerts.rules import create as rules
    from actions.engine.alerts.rules.wanted import Wanted

    said = {"actor": Actor(kind="system", id="test", label="test"), "reason": "a test"}
    channel = channels.create("hook", kind="webhook", address=address, secret=secret, **said)
    return {"id": rules.create(kind, Wanted(name=kind, channels=(channel,)), **said)}


def _race(action: str, bodies: list[dict[str, Any]], key: str) -> dict[str, Any]:
    """All at once, a thread and a connection each, with one key."""
    answers: list[dict[str, Any]] = [{}] * len(bodies)
    gate = threading.Barrier(len(bodies))

    def one(place: int) -> None:
        gate.wait()
        answers[place] = _answer({"verb": "invoke", "action": action, "params": bodies[place], "key": key})
        _close()

    threads = [threading.Thread(target=one, args=(place,)) for place in range(len(bodies))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return {"answers": answers}


def _forget() -> dict[str, Any]:
    """Sessions that the last test has ended are no concern of the next one."""
    from actions.engine import dispatch

    _close()
    dispatch.reset()
    return {}


def _close() -> None:
    from django.db import connections

    connections.close_all()
