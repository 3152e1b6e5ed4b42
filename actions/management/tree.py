"""A workflow's steps as lines of text."""

import json
from collections.abc import Iterator
from typing import Any

from actions import messages

_LONGEST_CAUSE = 100


def lines(workflow: dict[str, Any]) -> Iterator[str]:
    """What it waits for, its steps with those of sub-workflows below them, and the events that it was told."""
    if workflow["waits_for"]:
        yield f"{'waits for':<16} {_awaited(workflow['waits_for'])}"
    if workflow["deadline"]:
        yield f"{'deadline':<16} {workflow['deadline']}"
    for name in ("undone", "not_undone"):
        if workflow[name]:
            yield f"{name.replace('_', ' '):<16} {', '.join(workflow[name])}"
    steps = workflow["steps"]
    yield f"steps ({workflow['steps_total']}{'+' * workflow['steps_capped']})"
    for step in steps:
        yield _step(step)
    if workflow["steps_total"] > len(steps):
        yield f"  and {workflow['steps_total'] - len(steps)} more: executions list --workflow {workflow['id']}"
    if workflow["events"]:
        yield "events"
    for event in workflow["events"]:
        taken = f"taken by {event['taken_by']}" if event["taken_by"] else "not taken"
        text = "" if event["payload"] is None else f"  {json.dumps(event['payload'], ensure_ascii=False)}"
        yield f"  {event['at']}  {event['name']}  {event['actor']['label']}  {taken}{text}"


def _step(step: dict[str, Any]) -> str:
    marks = [mark for mark in ("optional", "detached", "consumed") if step[mark]]
    marked = f" [{', '.join(marks)}]" if marks else ""
    took = messages.duration(step["duration"])
    line = f"{'  ' * step['depth']}{step['status']:<9}  {step['step']}{marked}  {step['id']}  {took}".rstrip()
    if step["waits_for"]:
        line += f"  {'waits for' if step['status'] in {'blocked', 'waiting'} else 'because of'} {', '.join(step['waits_for'])}"
    if step["error"]:
        line += f"  {step['error'][:_LONGEST_CAUSE]}"
    return line


def _awaited(waits: dict[str, Any]) -> str:
    said = []
    if waits["event"]:
        said.append(f"the event {waits['event']!r}")
    if waits["steps"]:
        more = f" and {waits['more_steps']} more" if waits["more_steps"] else ""
        said.append(", ".join(f"{step['step']} ({step['status']})" for step in waits["steps"]) + more)
    if waits["until"]:
        said.append(f"at the latest until {waits['until']}")
    return ", ".join(said) or "its steps"
