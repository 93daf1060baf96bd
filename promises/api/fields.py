"""What values of the API look like. Stricter than marshmallow's own fields: what passes here can be
stored and is what the published schema says.

Every message is a msgid without places; the answer to a refused request translates it.
"""

import datetime as dt
import re
import unicodedata
import uuid
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from marshmallow import RAISE, Schema, fields, validate

from promises.kernel.text import N_

REQUIRED = N_("This is needed.")
NOT_NULL = N_("This may not be null.")
UNKNOWN = N_("There is no field of this name.")
NOT_AN_OBJECT = N_("This must be an object.")

_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_INSTANT = re.compile(
    r"\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:[Zz]|[+-]\d{2}:\d{2})", re.ASCII
)
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_FRACTION = re.compile(r"\.(\d+)")
_UNSTORABLE = frozenset({"Cc", "Cs"})


def _messages(**own: str) -> dict[str, Any]:
    return {"required": REQUIRED, "null": NOT_NULL, "validator_failed": own["invalid"], **own}


class Part(Schema):
    """Base of everything that is sent or returned: an unknown field is refused."""

    class Meta:
        unknown = RAISE

    error_messages = {"unknown": UNKNOWN, "type": NOT_AN_OBJECT}


class Text(fields.String):
    """One line of text: no control characters, no NUL, no half of a surrogate pair."""

    default_error_messages = _messages(
        invalid=N_("This must be a text."),
        unprintable=N_("The text holds characters that cannot be printed."),
    )

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> Any:
        if not isinstance(value, str):
            raise self.make_error("invalid")
        if any(unicodedata.category(sign) in _UNSTORABLE for sign in value):
            raise self.make_error("unprintable")
        return value


class Id(fields.UUID):
    default_error_messages = _messages(
        invalid=N_("This must be an id (a UUID)."), invalid_uuid=N_("This must be an id (a UUID).")
    )

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> Any:
        if not isinstance(value, str) or _UUID.fullmatch(value) is None:
            raise self.make_error("invalid_uuid")
        return uuid.UUID(value)


class Instant(fields.DateTime):
    """ISO 8601 with an offset; in UTC after loading."""

    default_error_messages = _messages(
        invalid=N_("This must be a time with its offset from UTC, as in 2026-03-02T10:15:00+02:00.")
    )

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> Any:
        if not isinstance(value, str) or _INSTANT.fullmatch(value) is None:
            raise self.make_error("invalid")
        whole = _FRACTION.sub(lambda digits: f".{digits[1][:6]:0<6}", value)
        try:
            return dt.datetime.fromisoformat(whole.upper()).astimezone(dt.UTC)
        except (ValueError, OverflowError) as error:
            raise self.make_error("invalid") from error


class Day(fields.Date):
    default_error_messages = _messages(invalid=N_("This must be a day, as in 2026-03-02."))

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> Any:
        if not isinstance(value, str) or _DAY.fullmatch(value) is None:
            raise self.make_error("invalid")
        try:
            return dt.date.fromisoformat(value)
        except ValueError as error:
            raise self.make_error("invalid") from error


class Choice(fields.Field[StrEnum]):
    """One value of a closed list; loaded as the enum's member."""

    default_error_messages = _messages(
        invalid=N_("This is none of the values that are possible here.")
    )

    def __init__(
        self, kind: type[StrEnum], *, of: frozenset[Any] | None = None, **kwargs: Any
    ) -> None:
        self.members = {one.value: one for one in kind if of is None or one in of}
        super().__init__(**kwargs)

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> Any:
        member = self.members.get(value) if isinstance(value, str) else None
        if member is None:
            raise self.make_error("invalid")
        return member


def choice_properties(_converter: Any, field: Any, **_kwargs: Any) -> dict[str, Any]:
    """What the published schema says of a Choice."""
    if not isinstance(field, Choice):
        return {}
    kind: Any = ["string", "null"] if field.allow_none else "string"
    return {"type": kind, "enum": [*field.members, *([None] if field.allow_none else [])]}


class Whole(fields.Integer):
    default_error_messages = _messages(
        invalid=N_("This must be a whole number."), too_large=N_("This must be a whole number.")
    )


class Flag(fields.Boolean):
    default_error_messages = _messages(invalid=N_("This must be true or false."))


class Nested(fields.Nested):
    default_error_messages = _messages(invalid=NOT_AN_OBJECT, type=NOT_AN_OBJECT)


class Many(fields.List[Any]):
    default_error_messages = _messages(invalid=N_("This must be a list."))


def between(least: int, most: int, message: str) -> validate.Range:
    return validate.Range(least, most, error=message)


def length(least: int, most: int, message: str) -> validate.Length:
    return validate.Length(least, most, error=message)


class PageQuery(Part):
    """What every list takes."""

    limit = Whole(
        load_default=25,
        validate=between(1, 100, N_("Give a whole number from 1 to 100.")),
        metadata={"description": "How many rows a page has, 1 to 100.", "example": 25},
    )
    after = Id(
        metadata={"description": "`next` of the page before; without it the first page."},
    )
