"""Where the files of a gateway stand: beside its SQLite database, or where the settings say."""

from pathlib import Path

from gateway.ground.storage.engines import beside, is_sqlite, sqlite_path
from gateway.settings import Settings


def folder_of(settings: Settings, chosen: Path | None, name: str) -> Path:
    """Return the folder that a setting names, or `name` beside the database; with PostgreSQL each must be named."""
    return chosen if chosen is not None else sqlite_path(settings.database_url).parent / name


def lock_path(settings: Settings) -> Path:
    """Return the file that the one process at work on these records locks."""
    return _own_file(settings, "lock")


def admin_socket_path(settings: Settings) -> Path:
    """Return where the server listens for the command line on its own machine."""
    return _own_file(settings, "sock")


def _own_file(settings: Settings, suffix: str) -> Path:
    if is_sqlite(settings.database_url):
        return beside(settings.database_url, suffix)
    return folder_of(settings, settings.journal_dir, "journal") / f"gateway.{suffix}"
