"""The form for an action's params. Text in, checked JSON out; what was typed stays, with each fault at its field."""

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms

from actions.desk.forms.schema import MISSING, MOMENT, Param
from actions.errors import InvalidInput, Problem
from actions.redaction import hide, rule
from actions.values import DEFAULT_LIMITS, DOTS

PREFIX = "param-"
_INPUTS: dict[str, dict[str, Any]] = {
    "integer": {"inputmode": "numeric"},
    "number": {"inputmode": "decimal"},
    "decimal": {"inputmode": "decimal"},
    "date": {"type": "date"},
    "datetime": MOMENT,
}


class ParamsForm(forms.Form):
    """One field per param. `original`: the stored params of an execution that is replayed."""

    params: list[Param]

    def __init__(
        self, params: Sequence[Param], data: Mapping[str, Any] | None = None, *, original: dict[str, Any] | None = None
    ) -> None:
        super().__init__(data)
        self.params = list(params)
        self.original = original
        for param in self.params:
            self.fields[PREFIX + param.name] = self._field(param)

    def clean(self) -> dict[str, Any]:
        """Turn every text into its value; all faults at once."""
        sent: dict[str, Any] = {}
        for param in self.params:
            name = PREFIX + param.name
            if name in self.errors:
                continue
            try:
                value = self._value(param, _newlines(self.cleaned_data.get(name) or ""))
            except InvalidInput as error:
                self.add_error(name, _sentence(error.problems[0]))
                continue
            if value is not MISSING:
                sent[param.name] = value
            elif param.required:
                self.add_error(name, "This is required.")
        self.cleaned_data["params"] = sent
        return self.cleaned_data

    def blame(self, error: InvalidInput) -> None:
        """Put every fault that the engine found at the field it is about."""
        for problem in error.problems:
            name, _, rest = problem.path.partition(".")
            name, bracket, index = name.partition("[")
            field = PREFIX + name if PREFIX + name in self.fields else None
            path = f"{bracket}{index}{'.' if rest and (bracket or index) else ''}{rest}"
            self.add_error(field, _sentence(Problem(problem.code, path if field else problem.path, problem.message)))

    def _value(self, param: Param, text: str) -> Any:
        """What is sent for one param: where its field was left as it was shown, exactly what it was shown for."""
        if self.original is not None and param.name in self.original:
            stored = self.original[param.name]
            if text == _newlines(self._shown(param)):
                return stored
            return restore(_secret_value(param, text) if param.secret else param.value(text), stored)
        if param.default is not MISSING and text == _newlines(self._shown(param)):
            # Left at its default: not sent, as from code, so that the default of the day it starts counts.
            return MISSING
        return _secret_value(param, text) if param.secret else param.value(text)

    def _shown(self, param: Param) -> str:
        """The text that a fresh form shows for a param."""
        if self.original is not None and param.name in self.original:
            stored = self.original[param.name]
            shown = hide({param.name: stored})[param.name]
            return DOTS if self._hides(param) else param.text(shown)
        return "" if self._hides(param) else param.text(param.default)

    def _field(self, param: Param) -> forms.Field:
        field = forms.CharField(
            label=param.name,
            required=False,
            strip=False,
            initial=self._shown(param),
            help_text=self._help(param),
            widget=self._widget(param),
        )
        field.widget.attrs.setdefault("autocomplete", "off")
        return field

    def _hides(self, param: Param) -> bool:
        """Whether its whole value is hidden, by its schema or by what this installation hides."""
        if param.secret or rule().covers((param.name,)):
            return True
        stored = (self.original or {}).get(param.name)
        return stored is not None and hide({param.name: stored})[param.name] == DOTS

    def _help(self, param: Param) -> str:
        stored = (self.original or {}).get(param.name)
        if isinstance(stored, dict) and "$step" in stored and not self._hides(param):
            return "Comes from the result of another step. Leave it as it is to take that again, or write a value."
        return _help(param, hides=self._hides(param), replaying=self.original is not None)

    def _widget(self, param: Param) -> forms.Widget:
        if self._hides(param):
            # Never echoed back: after a fault it must be typed again; on a replay dots mean "as it was".
            return Secret(attrs={"autocomplete": "new-password"}, dots=self.original is not None)
        if "\n" in self._shown(param) and param.kind != "json":
            # A text of lines; also the mark of a result that is filled in later, whatever kind its value will be of.
            return forms.Textarea(attrs={"rows": 6, **_LONGEST})
        if param.kind in {"boolean", "choice"}:
            return forms.Select(choices=_choices(param))
        if param.kind == "json":
            return forms.Textarea(attrs={"rows": 6, "class": "do-json", "spellcheck": "false", **_LONGEST})
        if param.kind == "text" and (param.longest or 0) > 400:
            return forms.Textarea(attrs={"rows": 4, **_LONGEST})
        attributes = dict(_INPUTS.get(param.kind, {}))
        if param.example:
            attributes["placeholder"] = param.example
        return forms.TextInput(attrs=attributes)


class Secret(forms.PasswordInput):
    """A password field; with `dots` a fresh form shows dots that stand for the stored value."""

    def __init__(self, attrs: dict[str, Any] | None = None, *, dots: bool = False) -> None:
        super().__init__(attrs, render_value=False)
        self.dots = dots

    def get_context(self, name: str, value: Any, attrs: Any) -> dict[str, Any]:
        """Only the dots are ever rendered."""
        context = super().get_context(name, None, attrs)
        if self.dots:
            context["widget"]["value"] = DOTS
        return context


def restore(edited: Any, stored: Any) -> Any:
    """`edited` with the stored values back where it still shows dots."""
    if edited == DOTS:
        return stored
    if isinstance(edited, dict) and isinstance(stored, dict):
        return {key: restore(member, stored[key]) if key in stored else member for key, member in edited.items()}
    if isinstance(edited, list) and isinstance(stored, list) and len(edited) == len(stored):
        return [restore(member, other) for member, other in zip(edited, stored, strict=True)]
    return edited


_LONGEST = {"maxlength": DEFAULT_LIMITS.max_bytes}


def _secret_value(param: Param, text: str) -> Any:
    return DOTS if text == DOTS else param.value(text)


def _choices(param: Param) -> list[tuple[str, str]]:
    choices = [(param.text(choice), param.text(choice)) for choice in param.choices]
    if param.kind == "boolean":
        choices = [("true", "yes"), ("false", "no")]
    if param.nullable or param.default is MISSING:
        choices.insert(0, ("", "(nothing)" if param.nullable else "(choose)"))
    return choices


def _help(param: Param, *, hides: bool, replaying: bool) -> str:
    said = [param.description] if param.description else []
    if param.kind == "json":
        said.append("JSON.")
    if param.kind == "datetime":
        said.append("UTC.")
    if hides:
        said.append("Secret; leave the dots to keep it as it was." if replaying else "Secret; it is never shown again.")
    if not param.required and not hides:
        default = "" if param.default is MISSING else param.text(param.default)[:80]
        said.append(f"Optional, {default} by default." if default else "Optional.")
    return " ".join(said)


def _sentence(problem: Problem) -> str:
    return f"{problem.path}: {problem.message}" if problem.path else problem.message


def _newlines(text: str) -> str:
    """As a browser sends it back from a text area."""
    return text.replace("\r\n", "\n")
