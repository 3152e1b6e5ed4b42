"""inputs: params that come from the results of other steps get their values when the step runs."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from actions import values
from actions.definitions.references import fill
from actions.engine.ledger import Claim
from actions.engine.secrets import DOTS
from actions.engine.statements import fetch
from actions.errors import InvalidInput


def given(claims: Sequence[Claim]) -> dict[str, str | None]:
    """JSON texts of the results that these claims take, by id of the step."""
    return results(*(claim.inputs for claim in claims if claim.inputs))


def results(*inputs: str) -> dict[str, str | None]:
    """The same for inputs as they are stored."""
    wanted = {one["from"] for each in inputs for one in json.loads(each)}
    return dict(fetch("results", {"ids": sorted(wanted)}, prepare=True)) if wanted else {}


def filled(text: str, inputs: str, results: Mapping[str, str | None]) -> str:
    """Params as JSON text with the results of other steps in their places.

    Raises InvalidInput where a result lacks what is wanted of it.
    """
    wanted = json.loads(inputs)
    known = {one["from"]: json.loads(results.get(one["from"]) or "null") for one in wanted}
    return values.dumps(fill(json.loads(text), wanted, known))


def whole(params: dict[str, Any], inputs: list[dict[str, Any]] | None) -> dict[str, Any]:
    """Stored params of a step, with the results that its handler got; as they are stored where it got none."""
    # What stands as dots is a secret, wherever its value came from.
    inputs = [one for one in inputs or () if params.get(one["at"][0]) != DOTS]
    if not inputs:
        return params
    taken = values.dumps(inputs)
    try:
        found: dict[str, Any] = json.loads(filled(values.dumps(params), taken, results(taken)))
    except InvalidInput:
        return params
    return found
