"""What triggering and replaying share: a form that asks for one execution, once, however often it is sent."""

import re
from collections.abc import Callable
from typing import Any, TypeVar
from uuid import uuid4

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.forms import Form
from django.http import HttpRequest, HttpResponseRedirect

from actions import messages as words
from actions.definitions.engine import Accepted
from actions.definitions.registry import registry
from actions.desk.forms.params import ParamsForm
from actions.desk.forms.schema import Param, params_of
from actions.errors import (
    DoplatformError,
    Forbidden,
    IdempotencyConflict,
    IdempotencyKeyInvalid,
    IdempotencyKeyRequired,
    InvalidInput,
    ReasonRequired,
)
from actions.models import Action

Answer = TypeVar("Answer")
FORM_KEY = "form_key"
_LONGEST_KEY = 60
_OURS = re.compile("form-[0-9a-f]{32}")


def fresh_key() -> str:
    """A key for one rendered form: whoever sends it twice asks once."""
    return f"form-{uuid4().hex}"


def sent_key(request: HttpRequest) -> str:
    """The key of the form that was sent; a fresh one where it is none of ours."""
    key = request.POST.get(FORM_KEY, "")
    return key if key.startswith("form-") and len(key) <= _LONGEST_KEY and key.isascii() else fresh_key()


def made_by_form(key: str | None) -> bool:
    """Whether it is the key of a form, of which nobody has heard outside it."""
    return key is not None and _OURS.fullmatch(key) is not None


def questions_of(action: Action) -> list[Param]:
    """What to ask for: in the order of the handler's signature where this process has its code."""
    declared = registry.get(action.name)
    return params_of(action.params_schema, action.secret_params, declared.params.fields if declared else ())


def ask(
    request: HttpRequest,
    params: ParamsForm,
    options: Form,
    accept: Callable[[], Accepted],
    *,
    accepted: str,
    page_of: Callable[[str], str],
) -> HttpResponseRedirect | None:
    """Ask the engine; go to `page_of` the execution, or put the engine's answer at the fields (None)."""
    answer = asked(params, options, accept)
    if answer is None:
        return None
    if answer.replayed:
        messages.warning(request, words.TRIGGERED_BEFORE)
    else:
        messages.success(request, accepted)
    return HttpResponseRedirect(page_of(answer.id))


def asked(params: ParamsForm, options: Form, ask_engine: Callable[[], Answer]) -> Answer | None:
    """What the engine answers; its refusal is put at the fields (None)."""
    try:
        return ask_engine()
    except Forbidden as error:
        raise PermissionDenied(error.message) from None
    except InvalidInput as error:
        _blame(params, options, error)
    except (IdempotencyConflict, IdempotencyKeyInvalid, IdempotencyKeyRequired) as error:
        _blame_key(options, error)
    except ReasonRequired as error:
        options.add_error("reason", error.message)
    except DoplatformError as error:
        options.add_error(None, error.message)
    return None


def _blame(params: ParamsForm, options: Form, error: InvalidInput) -> None:
    if error.path == "available_at" and "available_at" in options.fields:
        options.add_error("available_at", error.message)
    else:
        params.blame(error)


def _blame_key(options: Form, error: DoplatformError) -> None:
    typed = options.cleaned_data.get("idempotency_key")
    if isinstance(error, IdempotencyConflict) and not typed:
        options.add_error(
            None,
            f"This form was sent before with other params, and made {error.original}. Nothing was stored now; "
            "send it once more to make a second execution.",
        )
    else:
        options.add_error("idempotency_key", error.message)


def key_for_next(request: HttpRequest, options: Form, key: str) -> str:
    """The same key while nothing was stored under it; a fresh one after a conflict, so that a second wish can be sent."""
    conflict: Any = options.non_field_errors() if options.is_bound else []
    return fresh_key() if any("was sent before" in str(error) for error in conflict) else key
