"""Bringing a database to the newest schema, from a program instead of the command line."""

from pathlib import Path

from alembic import command
from alembic.config import Config as AlembicConfig

MIGRATIONS = Path(__file__).resolve().parents[2] / "migrations"


def alembic_settings(url: str) -> AlembicConfig:
    """What Alembic's own commands take, for the database at `url`."""
    settings = AlembicConfig()
    settings.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    settings.set_main_option("path_separator", "os")
    settings.attributes["url"] = url
    return settings


def migrate(url: str) -> None:
    """Run every missing migration as the role in `url`, which must own the database.

    Several may call at once: the second waits and then finds nothing to do.
    """
    command.upgrade(alembic_settings(url), "head")
