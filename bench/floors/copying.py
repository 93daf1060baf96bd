"""An import by hand: COPY of rows that are ready, checked by nobody but the tables' constraints."""

import uuid
from typing import Any

import psycopg

# Rows like those of an import, under other names, as the text that COPY reads. Our own copies are
# known by their reference.
_FRESH = """
CREATE TEMPORARY TABLE fresh ON COMMIT PRESERVE ROWS AS
SELECT t.id AS old_id, gen_random_uuid() AS new_id FROM tickets t
WHERE t.organisation_id = %(org)s AND t.import_id = %(import_id)s
  AND t.external_ref <> t.id::text
"""
_TICKETS = """
COPY (
    SELECT {columns} FROM tickets t JOIN fresh f ON f.old_id = t.id
) TO STDOUT
"""
_EVENTS = """
COPY (
    SELECT {columns} FROM service_events e JOIN fresh f ON f.old_id = e.ticket_id
) TO STDOUT
"""
_TICKET_NEWS = {
    "id": "f.new_id",
    "public_code": "f.new_id::text",
    "external_ref": "f.new_id::text",
}
_EVENT_NEWS = {"id": "gen_random_uuid()", "ticket_id": "f.new_id"}


def _columns(connection: "psycopg.Connection[Any]", table: str) -> list[str]:
    found = connection.execute(
        "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0"
        " AND NOT attisdropped AND attgenerated = '' ORDER BY attnum",
        (table,),
    )
    return [row[0] for row in found]


def rows_like(
    connection: "psycopg.Connection[Any]", org: uuid.UUID, import_id: uuid.UUID
) -> dict[str, tuple[list[str], bytes]]:
    """By table: its columns, and as many rows as the import wrote there, in COPY's text."""
    connection.execute("DROP TABLE IF EXISTS fresh")
    connection.execute(_FRESH, {"org": org, "import_id": import_id})
    made = {}
    for table, statement, alias, news in (
        ("tickets", _TICKETS, "t", _TICKET_NEWS),
        ("service_events", _EVENTS, "e", _EVENT_NEWS),
    ):
        columns = _columns(connection, table)
        chosen = ", ".join(news.get(column, f"{alias}.{column}") for column in columns)
        with connection.cursor().copy(statement.format(columns=chosen).encode()) as copy:
            made[table] = (columns, b"".join(bytes(block) for block in copy))
    return made


def write(connection: "psycopg.Connection[Any]", made: dict[str, tuple[list[str], bytes]]) -> None:
    """Both tables in one transaction, tickets first."""
    with connection.transaction(), connection.cursor() as cursor:
        for table, (columns, text) in made.items():
            with cursor.copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN".encode()) as copy:
                copy.write(text)


def copy_file(connection: "psycopg.Connection[Any]", content: bytes, columns: int) -> None:
    """The file as it is into one table of texts without an index."""
    with connection.transaction(), connection.cursor() as cursor:
        listed = ", ".join(f"c{number} text" for number in range(columns))
        cursor.execute(f"CREATE TEMPORARY TABLE plain ({listed}) ON COMMIT DROP".encode())
        with cursor.copy("COPY plain FROM STDIN WITH (FORMAT csv, HEADER)") as copy:
            copy.write(content)
