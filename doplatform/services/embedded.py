"""PostgreSQL and Redis as child processes of whoever needs them: `manage.py up`, tests, benchmarks.

with embedded.Servers(folder) as servers:
    servers.database_url, servers.redis_url
    servers.postgres.kill()
    servers.postgres.restart()
"""

from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from doplatform.services.postgres import Postgres
from doplatform.services.redis import Redis


class Servers:
    """Both servers over one data folder.

    They die with the process that started them, however it ends, and with the thread that called start(): start them
    from a thread that lives on. `temporary` leaves out the sync of a new folder. Settings are the servers' own names.
    """

    def __init__(
        self,
        folder: Path | str,
        *,
        postgres_settings: Mapping[str, str] | None = None,
        redis_settings: Mapping[str, str] | None = None,
        temporary: bool = False,
    ) -> None:
        self.folder = Path(folder).resolve()
        self.postgres = Postgres(self.folder, postgres_settings)
        self.postgres.fast_initdb = temporary
        self.redis = Redis(self.folder, redis_settings)

    @property
    def database_url(self) -> str:
        """DATABASE_URL of the embedded PostgreSQL."""
        return self.postgres.url

    @property
    def redis_url(self) -> str:
        """REDIS_URL of the embedded Redis."""
        return self.redis.url

    def start(self) -> Self:
        """Start both, and return when both answer; stops again what had started when one fails."""
        try:
            self.redis.start()
            self.postgres.start()
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        """Stop both: Redis first, which only carries wake-ups."""
        self.redis.stop()
        self.postgres.stop()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
