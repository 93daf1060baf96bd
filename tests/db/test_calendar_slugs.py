"""Calendars that were there before they had a slug."""

import datetime as dt
import uuid

from alembic import command

from promises.db import roles
from promises.db.migrate import alembic_settings

NOW = dt.datetime(2026, 1, 2, tzinfo=dt.UTC)


def test_old_calendars_get_a_slug_of_their_own_from_their_name(server, fresh_database):
    settings = alembic_settings(fresh_database.owner_url)
    command.downgrade(settings, "0001")
    first, second = uuid.uuid4(), uuid.uuid4()
    with server.connect(roles.OWNER, fresh_database.name) as connection:
        for number, organisation in enumerate((first, second)):
            connection.execute("SELECT set_config('app.organisation_id', %s, false)",
                               [str(organisation)])  # fmt: skip
            connection.execute(
                "INSERT INTO organisation_directory (slug, organisation_id) VALUES (%s, %s)",
                [f"org-{number}", organisation],
            )
            connection.execute(
                "INSERT INTO organisations (organisation_id, slug, name, locale, currency, "
                "time_zone, voucher_use, voucher_valid_years, is_demo, created_at) VALUES "
                "(%s, %s, 'x', 'fi', 'EUR', 'Europe/Helsinki', 'cash', 3, false, %s)",
                [organisation, f"org-{number}", NOW],
            )
        names = ("Keskusta", "keskusta!", "Åbo – Ruissalo", "branch", "全", "a" * 80)
        for number, name in enumerate(names):
            for organisation in (first, second):
                connection.execute("SELECT set_config('app.organisation_id', %s, false)",
                                   [str(organisation)])  # fmt: skip
                connection.execute(
                    "INSERT INTO calendars (organisation_id, id, name, created_at) "
                    "VALUES (%s, %s, %s, %s)",
                    [organisation, uuid.uuid4(), name, NOW + dt.timedelta(days=number)],
                )
    command.upgrade(settings, "head")
    with server.connect(roles.OWNER, fresh_database.name) as connection:
        for organisation in (first, second):
            connection.execute("SELECT set_config('app.organisation_id', %s, false)",
                               [str(organisation)])  # fmt: skip
            slugs = [row[0] for row in connection.execute(
                "SELECT slug FROM calendars ORDER BY created_at").fetchall()]  # fmt: skip
            assert slugs[0] == "keskusta"
            assert slugs[1].startswith("keskusta-")
            assert slugs[2:4] == ["abo-ruissalo", "opening-hours"]
            assert slugs[4].startswith("opening-hours-")
            assert slugs[5] == "a" * 50
