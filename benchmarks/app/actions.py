"""Actions of the throughput benchmark."""

from actions import action
from benchmarks.app.models import Row
from benchmarks.rival_jobs import stand


@action("bench-noop", effects="database")
def noop(number: int, text: str) -> None:
    """Does nothing."""


@action("bench-row", effects="database")
def row(number: int, text: str) -> None:
    """Inserts one row by the ORM."""
    Row.objects.create(number=number, text=text)


@action("bench-external")
def external(number: int, text: str) -> None:
    """Does nothing, as an action with outside effects: performed and committed alone."""


@action("bench-hold", effects="repeatable", timeout=300, hard_timeout=301)
def hold() -> None:
    """Keeps a worker busy until the benchmark lets it go."""
    stand("bench:release")
