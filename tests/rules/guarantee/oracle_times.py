"""Instants and deadlines, the slow way."""

from datetime import timedelta

from tests.rules.guarantee.oracle_parts import (
    DAY,
    MICRO,
    SECONDS,
    local,
    midnight,
    plus_months,
    read,
    utc,
    wall,
    wall_of,
)


class Times:
    def at_fact(self, name):
        return self.facts.get(name)

    def at_field(self, name):
        value = (self.record or {}).get(name)
        if isinstance(value, str):
            return read("date", value, self.zone)
        return value if hasattr(value, "tzinfo") else None

    def at_or_now(self, part):
        at = self.instant(part)
        return self.now if at is None or self.blind else at

    def at_earliest(self, parts, value=None):
        return min(self._known(parts, value), default=None)

    def at_latest_known(self, parts, value=None):
        return max(self._known(parts, value), default=None)

    def at_latest(self, parts, value=None):
        found = self._known(parts, value)
        return max(found) if len(found) == len(parts) else None

    def at_first_known(self, parts, value=None):
        return next(iter(self._known(parts, value)), None)

    def _known(self, parts, value):
        return [at for at in map(value or self.instant, parts) if at is not None]

    def at_choose(self, body, value=None):
        return self.rows(body, value or self.instant)

    def at_instant(self, text):
        return utc(text)

    def at_next_opening(self, body):
        at = self.instant(body["of"])
        return None if at is None else self.calendars[body["calendar"]].next_opening(at)

    def _in_list(self, body):
        found = self.facts.get(body["in"], [])
        if "after" not in body:
            return found
        after = self.instant(body["after"])
        return [] if after is None else [at for at in found if at > after]

    def at_first_in(self, body):
        return min(self._in_list(body), default=None)

    def at_last_in(self, body):
        return max(self._in_list(body), default=None)

    def at_start_of(self, name):
        period = self._period(name)
        return period and period[0]

    def at_end_of(self, name):
        period = self._period(name)
        return period and period[1]

    def at_deadline(self, body):
        exact = body["unit"] in SECONDS
        start = self.instant(body["from"]) if exact else self.lasting(body["from"])
        add = self.num(body["add"])
        if start is None or add is None:
            return None
        if exact:
            return self._exact(body, start, add, self._shift(body))
        calendar = self.calendars.get(body.get("calendar"))
        received = self._received(body, start, calendar)
        there = local(received, self.zone)
        day = self._counted(body, there.date(), int(add), calendar)
        if int(add) >= 0:
            return self._held_up(body, start, there, day, calendar)
        return self._due(body, there, day, calendar)

    def _shift(self, body):
        return MICRO if body.get("boundary", "inclusive") == "inclusive" else timedelta()

    def _held_up(self, body, start, there, day, calendar):
        """Later by each day that a pause takes of those that are counted."""
        counts = calendar.open_day if body["unit"] == "working_day" else lambda _: True
        pauses = sorted(self.pauses(body), key=lambda one: one[0])
        for begin, end, _ in pauses:
            if max(begin, start) >= self._due(body, there, day, calendar):
                continue
            if end is None:
                return None
            first, last = (local(at, self.zone).date() for at in (max(begin, start), end))
            gone, first = 0, max(first, there.date())
            while first < last and end > start:
                first += DAY
                gone += counts(first)
            start = max(start, end)
            for _ in range(gone):
                day += DAY
                while not counts(day):
                    day += DAY
        return self._due(body, there, day, calendar)

    def _due(self, body, there, day, calendar):
        """The first instant too late of the last day, once that has been moved."""
        if "roll" in body:
            day = calendar.roll(day, DAY if body["roll"] == "next_open_day" else -DAY)
        where = body.get("at", "end_of_day")
        if where == "start_of_day":
            return midnight(day, self.zone)
        if where == "closing_time" and calendar.closing_of(day) is not None:
            return calendar.closing_of(day)
        if where == "same_time":
            clock = (there.hour, there.minute, self.zone, there.second, there.microsecond)
            return wall(day, *clock) + self._shift(body)
        if where[0].isdigit():
            return wall(day, int(where[:2]), int(where[3:]), self.zone) + self._shift(body)
        return midnight(day + DAY, self.zone)

    def _exact(self, body, start, add, shift):
        left = int(add * SECONDS[body["unit"]] * 10**6)
        calendar = self.calendars[body["calendar"]] if body["unit"].startswith("open") else None
        if calendar and add < 0:
            return None
        move = calendar.add_open if calendar else lambda at, micros: at + micros * MICRO
        count = calendar.open_micros if calendar else lambda a, b: (b - a) // MICRO
        at = start
        for begin, stop, _ in sorted(self.pauses(body), key=lambda one: one[0]):
            begin = max(begin, at)
            if (stop is not None and stop <= begin) or begin >= move(at, left):
                continue
            if stop is None:
                return None
            left -= count(at, begin)
            at = stop
        return move(at, left) + shift

    def _received(self, body, start, calendar):
        """When the matter counts as received."""
        there, cut = local(start, self.zone), body.get("cut_off")
        clock = there.time().isoformat("microseconds")
        late = cut is not None and clock > f"{cut}:00.000000"
        if cut is not None and body.get("cut_off_boundary") == "exclusive":
            late = clock >= f"{cut}:00.000000"
        receipt = body.get("receipt", "counts" if cut is None else "next_open_day")
        if calendar is None or receipt == "counts":
            return wall_of(there, self.zone, DAY) if late else start
        if receipt == "next_opening" and cut is None:
            return calendar.next_opening(start)
        if calendar.open_day(there.date()) and not late:
            if receipt == "next_open_day":
                return start
            opening = calendar.opening_of(there.date())
            return start if opening is None else max(start, opening)
        day = calendar.step(there.date(), 1)
        return calendar.opening_of(day) or midnight(day, self.zone)

    def _counted(self, body, day, count, calendar):
        match body["unit"]:
            case "working_day":
                return calendar.step(day, count)
            case "calendar_day":
                return day + count * DAY
            case "week":
                return day + 7 * count * DAY
        return plus_months(day, count * (12 if body["unit"] == "year" else 1))
