"""Reading moments and durations: which column it is, its form, and roll-over at midnight."""

import datetime as dt
from collections.abc import Callable

from promises.desk.imports.cells import Cells, Columns, Number
from promises.desk.imports.formats import (
    date_reader,
    duration_reader,
    moment_reader,
    time_reader,
)
from promises.desk.imports.local_times import LocalTimes
from promises.desk.imports.mapping import (
    Cell,
    DateAndTime,
    DurationChoice,
    Measured,
    MomentChoice,
    RollOver,
)
from promises.desk.imports.problems import Problem, Unreadable
from promises.rules.facts import LONGEST_WAIT

Moment = Callable[[Cells, "int | None"], "int | None"]
"""Reads an instant; the second argument is the moment before it, for times that roll over."""

_LONGEST_WAIT = LONGEST_WAIT // dt.timedelta(microseconds=1)


class Moments:
    """Makes the readers of one file. Where a choice finds its cell empty, the next one is asked."""

    def __init__(self, columns: Columns, times: LocalTimes) -> None:
        self._columns = columns
        self._times = times

    def moment(self, choices: tuple[MomentChoice, ...]) -> Moment:
        made = [
            (self._columns.when(choice.when), None if choice.use is None else self._use(choice.use))
            for choice in choices
        ]
        if not made:
            return lambda cells, before: None
        if len(made) == 1 and made[0][0] is None and made[0][1] is not None:
            return made[0][1]

        def moment(cells: Cells, before: int | None) -> int | None:
            for holds, read in made:
                if holds is None or holds(cells):
                    found = None if read is None else read(cells, before)
                    if found is not None or read is None:
                        return found
            return None

        return moment

    def waited(self, choices: tuple[DurationChoice, ...]) -> Number:
        """A duration below zero is handed on: the caller flags it."""
        made = [(self._columns.when(choice.when), self._duration(choice.use)) for choice in choices]
        if not made:
            return lambda cells: None
        if len(made) == 1 and made[0][0] is None and made[0][1] is not None:
            return made[0][1]

        def waited(cells: Cells) -> int | None:
            for holds, read in made:
                if holds is None or holds(cells):
                    found = None if read is None else read(cells)
                    if found is not None or read is None:
                        return found
            return None

        return waited

    def _use(self, use: Cell | DateAndTime) -> Moment:
        if isinstance(use, Cell):
            read = moment_reader(use.form, self._times)
            number = self._columns.number(use, read, Problem.TIME_UNREADABLE)
            return lambda cells, before: number(cells)
        day_and_time = (
            self._day_of_arrival(use) if use.date is None else self._own_day(use, use.date)
        )
        return self._instant(day_and_time, use)

    def _own_day(self, use: DateAndTime, date: Cell) -> "_DayAndTime":
        day_of = self._columns.shared(date, date_reader(date.form), Problem.DATE_UNREADABLE)
        time_of = self._time(use.time)
        rolls = self._rolls_after(use.roll_over)

        def day_and_time(cells: Cells, before: int | None) -> tuple[int, int] | None:
            day, time = day_of(cells), time_of(cells)
            if day is None or time is None:
                return None
            if rolls is not None and rolls(cells, time):
                day += 1
            return day, time

        return day_and_time

    def _day_of_arrival(self, use: DateAndTime) -> "_DayAndTime":
        time_of, times = self._time(use.time), self._times

        def day_and_time(cells: Cells, before: int | None) -> tuple[int, int] | None:
            time = time_of(cells)
            if time is None or before is None:
                return None
            return times.local_day(before), time

        return day_and_time

    def _rolls_after(self, roll: RollOver | None) -> Callable[[Cells, int], bool] | None:
        """Whether a time of day is so early that it follows the named one only on the next day."""
        if roll is None or roll.after is None:
            return None
        after_of, back = self._time(roll.after), roll.back_us

        def rolls(cells: Cells, time: int) -> bool:
            after = after_of(cells)
            return after is not None and time <= after - back

        return rolls

    def _instant(self, day_and_time: "_DayAndTime", use: DateAndTime) -> Moment:
        instant, name = self._times.instant, self._columns.name(use.time.column)
        back = None if use.roll_over is None else use.roll_over.back_us

        def moment(cells: Cells, before: int | None) -> int | None:
            read = day_and_time(cells, before)
            if read is None:
                return None
            day, time = read
            try:
                found = instant(day, time)
                if back is not None and before is not None and found <= before - back:
                    found = instant(day + 1, time)
            except Unreadable as unreadable:
                unreadable.column = name
                raise
            return found

        return moment

    def _time(self, cell: Cell) -> Number:
        return self._columns.number(cell, time_reader(cell.form), Problem.TIME_UNREADABLE)

    def _duration(self, use: Measured | int | None) -> Number | None:
        if not isinstance(use, Measured):
            return None if use is None else lambda cells: use
        read = duration_reader(use.form, use.decimal)
        cell = Cell(use.column, use.form)
        number = self._columns.number(cell, read, Problem.DURATION_UNREADABLE)
        name = self._columns.name(use.column)

        def duration(cells: Cells) -> int | None:
            found = number(cells)
            if found is not None and found > _LONGEST_WAIT:
                raise Unreadable(Problem.DURATION_TOO_LONG, name)
            return found

        return duration


_DayAndTime = Callable[[Cells, "int | None"], "tuple[int, int] | None"]
