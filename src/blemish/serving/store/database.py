"""The database: SQLite in one file, or PostgreSQL, brought to the newest schema when the server starts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import Engine, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError
from sqlalchemy.orm import Session, sessionmaker

from blemish.errors import BlemishError, MissingExtraError, SettingsError, install_hint

# A writer waits so long for another one before it gives up.
_SQLITE_WAIT_S = 10.0
_CONNECT_S = 5


class Database:
    """A database that is brought to the newest schema.

    Args:
        url: as SQLAlchemy writes it: ``sqlite:///FILE`` or ``postgresql://USER:PASSWORD@HOST/NAME``.

    Raises:
        SettingsError: no URL, or of another database.
        MissingExtraError: PostgreSQL's driver is not installed.
        BlemishError: it cannot be reached, or a newer blemish has changed its schema.
    """

    def __init__(self, url: str) -> None:
        self.engine = _engine(url)
        self._sessions = sessionmaker(self.engine, expire_on_commit=False)
        try:
            with self.engine.begin() as connection:
                config = Config()
                config.set_main_option("script_location", str(Path(__file__).with_name("migrations")))
                config.attributes["connection"] = connection
                command.upgrade(config, "head")
        except DBAPIError as error:
            raise BlemishError(
                f"The database {self.engine.url.render_as_string()} cannot be reached: {error.__cause__ or error}"
            ) from error
        except CommandError as error:
            raise BlemishError(
                f"The database {self.engine.url.render_as_string()} has the schema of a newer blemish ({error}); "
                "upgrade blemish, or name another database."
            ) from error

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """A session that is committed when the block ends well, else rolled back."""
        with self._sessions.begin() as session:
            yield session

    def check(self) -> None:
        """Raise DBAPIError where the database does not answer."""
        with self.engine.connect() as connection:
            connection.execute(text("SELECT 1"))

    def close(self) -> None:
        """Let go of all connections."""
        self.engine.dispose()


def _engine(url: str) -> Engine:
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise SettingsError(f'--database wants a URL such as postgresql://user@host/name, not "{url}".') from None
    backend = parsed.get_backend_name()
    if backend == "sqlite":
        if parsed.database:
            try:
                Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise BlemishError(f'Cannot create "{parsed.database}": {error.strerror}.') from error
        engine = create_engine(parsed, connect_args={"timeout": _SQLITE_WAIT_S, "check_same_thread": False})
        event.listen(engine, "connect", _set_up_sqlite)
        return engine
    if backend != "postgresql":
        raise SettingsError(f'--database takes SQLite or PostgreSQL, not "{backend}".')
    try:
        return create_engine(
            parsed.set(drivername="postgresql+pg8000"),
            pool_pre_ping=True,
            connect_args={"timeout": _CONNECT_S},
        )
    except (ModuleNotFoundError, NoSuchModuleError):
        raise MissingExtraError(f"PostgreSQL needs a driver: {install_hint('postgres')}.") from None


def _set_up_sqlite(connection: Any, _: Any) -> None:
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()
