"""Places in a list, as they stand in an address: an instant and an id."""

import datetime as dt
import uuid

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def write_cursor(at: dt.datetime, row_id: uuid.UUID) -> str:
    return f"{(at - _EPOCH) // dt.timedelta.resolution}_{row_id}"


def read_cursor(text: str | None) -> tuple[dt.datetime, uuid.UUID] | None:
    """None for no cursor and for one that we did not write: the list then starts anew."""
    stamp, _, row_id = (text or "").partition("_")
    try:
        return _EPOCH + int(stamp) * dt.timedelta.resolution, uuid.UUID(row_id)
    except (ValueError, OverflowError):
        return None
