"""Opening hours by asking the wall clock of every minute: slow, and right by being so plain."""

import datetime as dt
from zoneinfo import ZoneInfo

MINUTE = dt.timedelta(minutes=1)
DAY = dt.timedelta(days=1)

Windows = tuple[tuple[int, int], ...]


class Minutes:
    """Two weeks or so of minutes in UTC with whether each is open. `weekly` from Monday on, windows
    in minutes of the day on which they open."""

    def __init__(
        self, weekly: tuple[Windows, ...], zone: str, start: dt.datetime, days: int
    ) -> None:
        place = ZoneInfo(zone)
        self.start = start
        self.open = []
        for number in range(days * 1440):
            wall = (start + number * MINUTE).astimezone(place)
            minute = wall.hour * 60 + wall.minute
            today = weekly[wall.weekday()]
            yesterday = weekly[wall.weekday() - 1]
            self.open.append(
                any(opens <= minute < closes for opens, closes in today)
                or any(opens <= minute + 1440 < closes for opens, closes in yesterday)
            )

    def at(self, index: int) -> dt.datetime:
        return self.start + index * MINUTE

    def between(self, first: int, last: int) -> int:
        """Open minutes from one minute to another; negative backwards."""
        if last < first:
            return -self.between(last, first)
        return sum(self.open[first:last])

    def add(self, first: int, minutes: int) -> int | None:
        """The first minute by which so many open ones have gone by, where there is one."""
        at = first
        while minutes > 0:
            if at == len(self.open):
                return None
            minutes -= self.open[at]
            at += 1
        return at
