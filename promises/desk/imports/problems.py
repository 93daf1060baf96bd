"""What can be wrong with a row, a file or a mapping, and how it is told."""

from collections.abc import Mapping
from enum import StrEnum

from promises.kernel.errors import Conflict, DomainError, Gone, NotFound, Refused
from promises.kernel.text import N_, Message


class Problem(StrEnum):
    """Why a row was refused, or what it contradicts. Stored, so the values never change."""

    FIELD_COUNT = "field_count"
    QUOTES = "quotes"
    NUL = "nul"
    REFERENCE_MISSING = "reference_missing"
    REFERENCE_UNREADABLE = "reference_unreadable"
    CUSTOMER_UNREADABLE = "customer_unreadable"
    OUTCOME_UNKNOWN = "outcome_unknown"
    SERVICE_UNKNOWN = "service_unknown"
    DATE_UNREADABLE = "date_unreadable"
    TIME_UNREADABLE = "time_unreadable"
    DURATION_UNREADABLE = "duration_unreadable"
    DURATION_TOO_LONG = "duration_too_long"
    TIME_SKIPPED = "time_skipped"
    IN_FUTURE = "in_future"
    ARRIVAL_MISSING = "arrival_missing"
    END_MISSING = "end_missing"
    REPEATED = "repeated"
    CONFLICT = "conflict"


CONFLICTS = (Problem.REPEATED, Problem.CONFLICT)
"""Rows that could be read, but say something else than a row that was there before."""

_TEXTS = {
    Problem.FIELD_COUNT: N_(
        "The row has %(found)s fields, the file's other rows have %(expected)s."
    ),
    Problem.QUOTES: N_(
        "The quotation marks do not match. The row was read up to line %(last_line)s."
    ),
    Problem.NUL: N_("The row holds a NUL character, which no text has."),
    Problem.REFERENCE_MISSING: N_("The row has no reference."),
    Problem.REFERENCE_UNREADABLE: N_(
        "The reference is longer than %(longest)s characters or holds control characters."
    ),
    Problem.CUSTOMER_UNREADABLE: N_(
        "The customer's reference is longer than %(longest)s characters."
    ),
    Problem.OUTCOME_UNKNOWN: N_("The mapping does not say what this outcome means."),
    Problem.SERVICE_UNKNOWN: N_("The mapping does not say which kind of service this is."),
    Problem.DATE_UNREADABLE: N_("This is not a date in the form %(format)s."),
    Problem.TIME_UNREADABLE: N_("This is not a time in the form %(format)s."),
    Problem.DURATION_UNREADABLE: N_("This is not a duration in the form %(format)s."),
    Problem.DURATION_TOO_LONG: N_("This duration is longer than ten years."),
    Problem.TIME_SKIPPED: N_(
        "The clocks skipped this local time in spring, so it names no moment."
    ),
    Problem.IN_FUTURE: N_("This time is in the future."),
    Problem.ARRIVAL_MISSING: N_("The row does not say when the customer arrived."),
    Problem.END_MISSING: N_("The row says neither when the wait ended nor how long it was."),
    Problem.REPEATED: N_("Line %(first_line)s has the same reference and says something else."),
    Problem.CONFLICT: N_(
        "A ticket with this reference is here already and says something else. It stays as it is."
    ),
}


def problem_text(code: str, params: Mapping[str, object]) -> Message:
    """Line numbers are names, not counts: they are shown without grouping."""
    shown = {name: str(value) if name.endswith("line") else value for name, value in params.items()}
    return Message(_TEXTS[Problem(code)], shown)


class Flag(StrEnum):
    """What is odd about the times of a row that was taken all the same."""

    ENDS_BEFORE_ARRIVAL = "ends_before_arrival"
    TIMES_DISAGREE = "times_disagree"
    SERVED_BEFORE_START = "served_before_start"
    CALL_OUT_OF_ORDER = "call_out_of_order"
    NEGATIVE_DURATION = "negative_duration"
    AMBIGUOUS_TIME = "ambiguous_time"


FLAG_TEXTS = {
    Flag.ENDS_BEFORE_ARRIVAL: N_("The wait ends before it begins."),
    Flag.TIMES_DISAGREE: N_("The times and the duration differ by more than a minute."),
    Flag.SERVED_BEFORE_START: N_("The service ends before it begins."),
    Flag.CALL_OUT_OF_ORDER: N_("The call lies outside the wait."),
    Flag.NEGATIVE_DURATION: N_("The duration is below zero, so it was left out."),
    Flag.AMBIGUOUS_TIME: N_("The local time came twice that day. The first one was taken."),
}


class Unreadable(Exception):
    """A row cannot be read. `column` is the header of the cell at fault and `value` its text, for a
    look at the file only: it may name a person, so it is never stored."""

    def __init__(
        self,
        code: Problem,
        column: str | None = None,
        *,
        value: str | None = None,
        **params: object,
    ) -> None:
        super().__init__(code)
        self.code = code
        self.column = column
        self.value = value
        self.params = params


class MappingRefused(Refused):
    """The mapping, or how it fits to the file; each problem names its place by JSON pointer."""

    code = "mapping_refused"
    message = N_("The mapping needs another look.")


class FileUnreadable(DomainError):
    """The file as a whole cannot be read, so nothing of it was taken."""

    code = "file_unreadable"
    message = N_("This file cannot be read.")


class FileTooLarge(FileUnreadable):
    code = "file_too_large"
    status = 413
    message = N_("This file is too large: unpacked, at most %(most)s MB can be read.")


class FileEmpty(FileUnreadable):
    code = "file_empty"
    message = N_("This file has no rows.")


class PackingBroken(FileUnreadable):
    code = "packing_broken"
    message = N_("This file begins like a gzip file, but cannot be unpacked.")


class WrongEncoding(FileUnreadable):
    code = "wrong_encoding"
    message = N_("Line %(line)s cannot be read as %(encoding)s. Choose the file's encoding.")


class LooksLikeUtf8(FileUnreadable):
    code = "looks_like_utf8"
    message = N_(
        "The mapping says %(encoding)s, but this file is UTF-8. Read like that, its letters would "
        "be mixed up."
    )


class LineTooLong(FileUnreadable):
    code = "line_too_long"
    message = N_("Line %(line)s is too long for a table. Is this a text file?")


class HeaderUnreadable(FileUnreadable):
    code = "header_unreadable"
    message = N_("Line %(line)s cannot be read as the headings of the columns.")


class QuoteNeverClosed(FileUnreadable):
    code = "quote_never_closed"
    message = N_(
        "A quotation mark that opens on line %(line)s is never closed. If the file's quotation "
        "marks mean nothing, say so in the mapping."
    )


class ImportNotFound(NotFound):
    code = "import_not_found"


class MappingNotFound(NotFound):
    code = "mapping_not_found"
    message = N_("There is no mapping named “%(name)s”.")


class MappingNameTaken(Conflict):
    code = "mapping_name_taken"
    message = N_("A mapping named “%(name)s” is here already and says something else.")


class ImportStarted(Conflict):
    code = "import_started"
    message = N_("This import was started already.")


class ImportNotDone(Conflict):
    code = "import_not_done"
    message = N_("Only an import that is done can be taken back.")


class ImportTakenBack(Gone):
    code = "import_taken_back"
    message = N_("This import was taken back.")


_FAILURES: dict[str, type[FileUnreadable]] = {
    kind.code: kind
    for kind in (
        FileUnreadable,
        FileTooLarge,
        FileEmpty,
        PackingBroken,
        WrongEncoding,
        LooksLikeUtf8,
        LineTooLong,
        HeaderUnreadable,
        QuoteNeverClosed,
    )
}


def failure_text(code: str, params: Mapping[str, object]) -> Message:
    """Why an import failed, from what was stored about it."""
    if code == MappingRefused.code:
        return Message(MappingRefused.message)
    return Message(_FAILURES[code].message, dict(params))
