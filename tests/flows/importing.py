"""Files to import, as text."""

import copy

from tests.desk.imports.ground import SIMPLE

HEADER = "id,arrived,started\n"
ROWS = "a,2026-03-02 10:00:00,2026-03-02 10:05:00\nb,2026-03-02 10:01:00,2026-03-02 10:20:00\n"


def document(**changes):
    return copy.deepcopy(SIMPLE) | changes


def line(reference, arrived, started):
    return f"{reference},{arrived},{started}\n"
