"""The lines of an iCalendar file (RFC 5545) as components, with their numbers in the file."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from icalendar.parser import Contentline

from promises.kernel.errors import FieldProblem, Refused
from promises.kernel.text import N_

MOST_BYTES = 512 * 1024
MOST_PROBLEMS = 20
"""More would not help anybody to mend the file."""

_content_line: Any = Contentline  # the library leaves it untyped
_BREAK = re.compile(r"\r\n|\n|\r")


class FileRefused(Refused):
    """A calendar file that cannot be read as a whole; `problems` name its lines."""

    code = "calendar_file_refused"
    message = N_("This calendar file cannot be read. Nothing was changed.")

    @classmethod
    def of_file(cls, message: str, **params: object) -> "FileRefused":
        return cls([FieldProblem("file", message, params)])


@dataclass(frozen=True, slots=True)
class Line:
    """`name` in capitals; `params` by names in capitals; `value` as it is written."""

    number: int
    name: str
    params: dict[str, str]
    value: str

    def problem(self, message: str, **params: object) -> FieldProblem:
        place = {"line": self.number, "field": self.name}
        return FieldProblem(f"{self.number}", message, place | params)


@dataclass(slots=True)
class Component:
    name: str
    number: int
    lines: list[Line] = field(default_factory=list)
    children: list["Component"] = field(default_factory=list)

    def all(self, name: str) -> list[Line]:
        return [line for line in self.lines if line.name == name]

    def first(self, name: str) -> Line | None:
        return next((line for line in self.lines if line.name == name), None)

    def text(self, name: str) -> str:
        line = self.first(name)
        return line.value.strip() if line else ""


def read_components(data: bytes) -> list[Component]:
    """The calendars of a file. Raises FileRefused with the lines that cannot be read."""
    if len(data) > MOST_BYTES:
        text = N_("The file is larger than %(most)s kB.")
        raise FileRefused.of_file(text, most=MOST_BYTES // 1024)
    try:
        content = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        message = N_("The file is not written in UTF-8, as calendar files are.")
        raise FileRefused.of_file(message) from None
    problems: list[FieldProblem] = []
    top = Component("", 0)
    _nest(top, _lines(content, problems), problems)
    calendars = [one for one in top.children if one.name == "VCALENDAR"]
    if not calendars and not problems:
        problems.append(FieldProblem("file", N_("This is not a calendar file (.ics).")))
    if problems:
        raise FileRefused(problems[:MOST_PROBLEMS])
    return calendars


def _nest(top: Component, lines: Iterator[Line], problems: list[FieldProblem]) -> None:
    open_ones = [top]
    for line in lines:
        name = line.value.strip().upper()
        if line.name == "BEGIN":
            one = Component(name, line.number)
            open_ones[-1].children.append(one)
            open_ones.append(one)
        elif line.name != "END":
            open_ones[-1].lines.append(line)
        elif len(open_ones) > 1 and open_ones[-1].name == name:
            open_ones.pop()
        else:
            text = N_("Line %(line)s ends %(name)s, which is not open there.")
            problems.append(line.problem(text, name=name))
            return
    for one in open_ones[1:]:
        text = N_("%(name)s begins in line %(line)s and never ends. The file may be cut off.")
        place = {"line": one.number, "name": one.name}
        problems.append(FieldProblem(f"{one.number}", text, place))


def _lines(text: str, problems: list[FieldProblem]) -> Iterator[Line]:
    """Content lines, with what was folded over several put together."""
    for number, content in _unfolded(text):
        try:
            name, params, value = _content_line(content).raw_parts()
            read = {str(key).upper(): str(one) for key, one in params.items()}
        except ValueError:
            message = N_("Line %(line)s is not understood.")
            problems.append(FieldProblem(f"{number}", message, {"line": number}))
            continue
        yield Line(number, name.upper(), read, value)


def _unfolded(text: str) -> Iterator[tuple[int, str]]:
    begun, parts = 0, list[str]()
    for number, physical in enumerate(_BREAK.split(text), 1):
        if physical[:1] in (" ", "\t") and parts:
            parts.append(physical[1:])
            continue
        if parts:
            yield begun, "".join(parts)
        begun, parts = number, [physical] if physical.strip() else []
    if parts:
        yield begun, "".join(parts)
