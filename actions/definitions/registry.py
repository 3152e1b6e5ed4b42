"""All actions declared in this process, by name."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING

from actions.errors import ActionNotFound, NotTriggerable
from actions.values.keytext import without_keys

if TYPE_CHECKING:
    from actions.definitions.action import Action

_LONGEST_SHOWN = 100


@dataclass(frozen=True, slots=True)
class Fault:
    """A module of actions that could not be imported; what it declares below the fault is missing."""

    module: str
    place: str
    """File and line of the fault, as `file.py:12`; only the file where there is no line."""
    error: Exception


class Registry:
    """Name → action. A second action of the same name is kept aside for the system check, and the first stays.

    `faults` are the modules that could not be imported, for the system check too.
    """

    def __init__(self) -> None:
        self._actions: dict[str, Action] = {}
        self.duplicates: list[Action] = []
        self.faults: list[Fault] = []

    def add(self, action: "Action") -> None:
        """Take `action` in."""
        known = self._actions.setdefault(action.name, action)
        if known is not action and known.place != action.place:
            self.duplicates.append(action)
        elif known is not action:
            # The same declaration executed again: a module that was reloaded.
            self._actions[action.name] = action

    def remove(self, name: str) -> None:
        """Forget an action (tests do)."""
        self._actions.pop(name, None)

    def get(self, name: str) -> "Action | None":
        """The action called `name`, or None."""
        return self._actions.get(name)

    def find(self, name: str, offered: Callable[[str], bool] | None = None) -> "Action":
        """The action called `name`. Raises ActionNotFound, with a likely other name, of those that may be `offered`."""
        action = self._actions.get(name)
        if action is None:
            likely = get_close_matches(name, filter(offered, self._actions) if offered else self._actions, n=1)
            hint = f" Did you mean {likely[0]}?" if likely else ""
            raise ActionNotFound(f"There is no action called {without_keys(name[:_LONGEST_SHOWN])!r}.{hint}")
        return action

    def untriggerable(self, name: str) -> str:
        """Why nobody but the platform asks for the action of that name; empty where people may, and for unknown ones."""
        action = self._actions.get(name)
        return action.untriggerable if action else ""

    def triggerable(self, name: str, offered: Callable[[str], bool] | None = None) -> "Action":
        """`find`, for people and other systems. Raises ActionNotFound, NotTriggerable."""
        action = self.find(name, offered)
        if action.untriggerable:
            raise NotTriggerable(f"{action.untriggerable} Nothing was stored.")
        return action

    def __iter__(self) -> "Iterator[Action]":
        return iter(sorted(self._actions.values(), key=lambda action: action.name))

    def __len__(self) -> int:
        return len(self._actions)


registry = Registry()
