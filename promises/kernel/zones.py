"""Named time zones, local dates, and local times that do not exist or come twice.

Only here do instants meet clocks. Elsewhere a datetime is an instant in UTC or a bare wall time, so
two clocks of one zone can never be subtracted from each other; a house rule holds that.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Literal
from zoneinfo import ZoneInfo

Zone = str | ZoneInfo


class UnknownZone(ValueError):
    """No such name in the time zone database."""


@lru_cache(maxsize=1024)
def _named(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise UnknownZone(name) from error


def zone_of(zone: Zone) -> ZoneInfo:
    """The zone by its name, such as `Europe/Helsinki`; raises UnknownZone."""
    return zone if isinstance(zone, ZoneInfo) else _named(zone)


def require_utc(instant: datetime) -> datetime:
    """The same instant in UTC; ValueError for a naive time, which names no instant."""
    if instant.tzinfo is UTC:
        return instant
    if instant.utcoffset() is None:
        raise ValueError("a time without a zone is not an instant")
    return instant.astimezone(UTC)


def local_date(instant: datetime, zone: Zone) -> date:
    return require_utc(instant).astimezone(zone_of(zone)).date()


def local_clock(instant: datetime, zone: Zone) -> tuple[date, time]:
    """What calendar and clock show there. Neither can be subtracted from an instant."""
    shown = require_utc(instant).astimezone(zone_of(zone))
    return shown.date(), shown.time()


def utc_offset(instant: datetime, zone: Zone) -> timedelta:
    """How far the clocks of the zone are ahead of UTC at that instant."""
    offset = require_utc(instant).astimezone(zone_of(zone)).utcoffset()
    assert offset is not None  # noqa: S101 -- a ZoneInfo always knows its offset
    return offset


@dataclass(frozen=True, slots=True)
class ResolvedLocal:
    """`nonexistent`: skipped by the clocks in spring, the instant is then counted with the offset
    before the change. `ambiguous`: comes twice in autumn, the instant is the first of the two."""

    instant: datetime
    problem: Literal["nonexistent", "ambiguous"] | None


def resolve_local(naive_local: datetime, zone: Zone) -> ResolvedLocal:
    if naive_local.tzinfo is not None:
        raise ValueError("a local time carries no zone of its own")
    place = zone_of(zone)
    first = naive_local.replace(tzinfo=place, fold=0)
    instant = first.astimezone(UTC)
    if instant.astimezone(place).replace(tzinfo=None) != naive_local:
        return ResolvedLocal(instant, "nonexistent")
    if first.utcoffset() != naive_local.replace(tzinfo=place, fold=1).utcoffset():
        return ResolvedLocal(instant, "ambiguous")
    return ResolvedLocal(instant, None)
