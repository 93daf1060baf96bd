"""The shape of terms as JSON Schema (draft 2020-12), for editors and programs that write terms.

It accepts whatever is read. What it cannot say (whether a name is declared, whether tiers overlap)
only the reading says.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from promises.kernel.text import LOCALES
from promises.rules.guarantee.moments import MONTHS, OPEN_SECONDS, REAL_SECONDS
from promises.rules.guarantee.reading_labels import LONGEST_LABEL
from promises.rules.guarantee.vocabulary import (
    At,
    Comparator,
    Count,
    FactType,
    Receipt,
    Remedy,
    Roll,
    Rounding,
    Take,
    Unit,
    Whole,
)

Schema = dict[str, Any]

_NAME: Schema = {"type": "string", "pattern": "^[a-z][a-z0-9_]{0,59}$"}
_CALENDAR: Schema = {"type": "string", "pattern": "^[a-z0-9][a-z0-9_-]{0,59}$"}
_DATE: Schema = {"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"}
_MONTH_DAY: Schema = {
    "type": "string",
    "pattern": "^(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$",
}
_CLOCK: Schema = {"type": "string", "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$"}
_UNTIL: Schema = {"type": "string", "pattern": "^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$"}
_LITERAL: Schema = {
    "anyOf": [
        {"type": "integer"},
        {"type": "string", "pattern": r"^-?[0-9]{1,18}(\.[0-9]{1,12})?$"},
    ]
}
_YES: Schema = {"type": "boolean"}
_TEXT: Schema = {"type": "string"}
_NUMBER: Schema = {"$ref": "#/$defs/number"}
_INSTANT: Schema = {"$ref": "#/$defs/instant"}
_CONDITION: Schema = {"$ref": "#/$defs/condition"}
_DEADLINE: Schema = {"$ref": "#/$defs/deadline"}
_WINDOW: Schema = {"$ref": "#/$defs/window"}
_PAUSES: Schema = {"$ref": "#/$defs/pauses"}
_BOUNDARY: Schema = {"enum": ["inclusive", "exclusive"]}


def words(choices: Iterable[str]) -> Schema:
    return {"enum": [str(getattr(one, "value", one)) for one in choices]}


def whole(least: int, most: int = 100_000) -> Schema:
    return {"type": "integer", "minimum": least, "maximum": most}


def list_of(of: Schema, least: int = 1, most: int | None = None) -> Schema:
    found = {"type": "array", "items": of, "minItems": least}
    return found if most is None else {**found, "maxItems": most}


def or_null(schema: Schema) -> Schema:
    return {"anyOf": [schema, {"type": "null"}]}


def object_of(
    required: Mapping[str, Schema], optional: Mapping[str, Schema] | None = None, **more: Any
) -> Schema:
    """An object with these keys alone. Null means the same as left out."""
    nullable = {key: or_null(one) for key, one in (optional or {}).items()}
    return {
        "type": "object",
        "required": list(required),
        "properties": {**required, **nullable},
        "additionalProperties": False,
        **more,
    }


def _one_of_keys(operators: Mapping[str, Schema]) -> Schema:
    return {
        "type": "object",
        "properties": dict(operators),
        "additionalProperties": False,
        "minProperties": 1,
        "maxProperties": 1,
    }


def _named(of: Schema) -> Schema:
    return {
        "type": "object",
        "additionalProperties": of,
        "propertyNames": {**_NAME, "not": {"const": "now"}},
    }


def _given(key: str) -> Schema:
    return {"required": [key], "properties": {key: {"not": {"type": "null"}}}}


def _exactly_one(*keys: str) -> Schema:
    return {"oneOf": [_given(key) for key in keys]}


def _rows(of: Schema) -> Schema:
    return object_of(
        {"rows": list_of(object_of({"when": _CONDITION, "then": of})), "otherwise": of},
    )


_SPAN: dict[str, Schema] = {"from": _INSTANT, "to": _INSTANT}
_TIER_EDGES = ("at_least", "above", "below", "at_most")
_TIER = object_of(
    {"then": _NUMBER},
    dict.fromkeys(_TIER_EDGES, _LITERAL),
    anyOf=[_given(edge) for edge in _TIER_EDGES],
    allOf=[
        {"not": {"allOf": [_given(one), _given(other)]}}
        for one, other in (_TIER_EDGES[:2], _TIER_EDGES[2:])
    ],
)
_PERIODS: dict[str, Schema] = {"of": _NUMBER, "count": words(Count)}
_PERIODS_MAY: dict[str, Schema] = {"after": _NUMBER, "every": _NUMBER, "most": _NUMBER}
_RATE = object_of({"each": _NUMBER}, {"from": whole(0), "to": whole(0)})
_INTEREST_ROW = object_of({"percent": _NUMBER}, {"from": _DATE, "until": _DATE})
_EARLIER = object_of({"window": _WINDOW, "dated": _INSTANT})
_WHERE: dict[str, Schema] = {"where": _CONDITION}


def _elapsed(units: Iterable[str], **more: Schema) -> Schema:
    return object_of(
        {**_SPAN, "unit": words(units), **more}, {"whole": words(Whole), "pauses": _PAUSES}
    )


_NUMBERS: dict[str, Schema] = {
    "fact": _NAME,
    "field": _NAME,
    "value": _NAME,
    "measure": _NAME,
    **{op: list_of(_NUMBER, 2) for op in ("add", "subtract", "multiply", "smallest", "largest")},
    **{op: list_of(_NUMBER, 2, 2) for op in ("divide", "percent")},
    "round": object_of({"of": _NUMBER, "how": words(Rounding)}, {"to": _LITERAL}),
    "choose": _rows(_NUMBER),
    "tiers": object_of({"of": _NUMBER, "rows": list_of(_TIER)}, {"otherwise": _NUMBER}),
    "periods": object_of(_PERIODS, _PERIODS_MAY),
    "accrue": object_of({**_PERIODS, "rates": list_of(_RATE)}, _PERIODS_MAY),
    "elapsed": _elapsed(REAL_SECONDS),
    "open_time": _elapsed(OPEN_SECONDS, calendar=_CALENDAR),
    "calendar_days": object_of(_SPAN, {"pauses": _PAUSES}),
    "working_days": object_of({**_SPAN, "calendar": _CALENDAR}, {"pauses": _PAUSES}),
    "months": object_of({**_SPAN, "count": words(Count)}, {"unit": words(MONTHS)}),
    "interest": object_of(
        {"on": _NUMBER, **_SPAN, "rates": list_of(_INTEREST_ROW)},
        {"year_days": {"enum": [360, 365, "actual"]}},
    ),
    "count": object_of({"in": _NAME}, {**_WHERE, "within_days": whole(0), "at": _TEXT}),
    "total": object_of({"in": _NAME}, {**_WHERE, "of": _NUMBER}),
    "spells": object_of(
        {"in": _NAME, "unit": words(REAL_SECONDS)},
        {
            "take": words(Take),
            "merge_gap": object_of({"minutes": whole(0)}),
            "count_gap": _YES,
            "whole": words(Whole),
            "reasons": list_of(_TEXT),
            "within": object_of(_SPAN),
        },
    ),
    "uptime_percent": object_of(
        {"period": _NAME, "down": _NAME}, {"shortest_minutes": _LITERAL, "whole_minutes": _YES}
    ),
    "length_of": object_of({"period": _NAME, "unit": words(REAL_SECONDS)}),
    "earlier_count": _EARLIER,
    "earlier_amount": _EARLIER,
}
_IN_LIST = object_of({"in": _NAME}, {"after": _INSTANT})
_INSTANTS: dict[str, Schema] = {
    "fact": _NAME,
    "or_now": _INSTANT,
    **{op: list_of(_INSTANT) for op in ("earliest", "latest", "latest_known", "first_known")},
    "instant": {"type": "string", "pattern": "^[0-9].*T.*([zZ]|[+-][0-9:.]+)$"},
    "choose": _rows(_INSTANT),
    "first_in": _IN_LIST,
    "last_in": _IN_LIST,
    "start_of": _NAME,
    "end_of": _NAME,
    "field": _NAME,
    "next_opening": object_of({"of": _INSTANT, "calendar": _CALENDAR}),
    "deadline": _DEADLINE,
}
_ORDER = list_of(_INSTANT, 2, 2)
_OPEN = object_of({"of": _INSTANT, "calendar": _CALENDAR})
_CONDITIONS: dict[str, Schema] = {
    "compare": {
        "type": "array",
        "prefixItems": [_NUMBER, words(Comparator), _NUMBER],
        "minItems": 3,
        "maxItems": 3,
    },
    **dict.fromkeys(("true", "false", "known", "missing", "condition"), _NAME),
    "one_of": object_of(
        {"fact": _NAME, "values": list_of({"anyOf": [_TEXT, {"type": "integer"}]})}
    ),
    "all": list_of(_CONDITION),
    "any": list_of(_CONDITION),
    "not": _CONDITION,
    **dict.fromkeys(("before", "at_or_before", "after", "at_or_after"), _ORDER),
    "late": object_of({"event": _INSTANT, "deadline": _INSTANT}),
    "time_in": object_of({"of": _INSTANT, "from": _CLOCK, "until": _UNTIL}),
    "date_in": object_of(
        {"of": _INSTANT},
        {
            "dates": list_of({"anyOf": [_DATE, _MONTH_DAY]}),
            "from": _MONTH_DAY,
            "until": _MONTH_DAY,
        },
        oneOf=[
            {"allOf": [_given("dates"), {"not": {"anyOf": [_given("from"), _given("until")]}}]},
            {
                "allOf": [_given("from"), _given("until")],
                "not": _given("dates"),
            },
        ],
    ),
    "weekday_in": object_of(
        {
            "of": _INSTANT,
            "days": list_of(
                words(
                    ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
                )
            ),
        }
    ),
    "open_day": _OPEN,
    "open_at": _OPEN,
}
_DAY_UNITS = [one for one in Unit if one not in REAL_SECONDS and one not in OPEN_SECONDS]
_NEEDS_CALENDAR: Schema = {
    "if": {
        "anyOf": [
            {"required": ["unit"], "properties": {"unit": {"const": "working_day"}}},
            _given("roll"),
            {
                "required": ["receipt"],
                "properties": {"receipt": {"enum": ["next_open_day", "next_opening"]}},
            },
            {"required": ["at"], "properties": {"at": {"const": "closing_time"}}},
        ]
    },
    "then": _given("calendar"),
}
_FROM: dict[str, Schema] = {"from": _INSTANT, "add": _NUMBER}
_NOTHING: Schema = {"type": "null"}
_EXACT: dict[str, Schema] = {
    "boundary": _BOUNDARY,
    "pauses": _PAUSES,
    **dict.fromkeys(("cut_off", "cut_off_boundary", "receipt", "roll", "at"), _NOTHING),
}
_DEADLINES: Schema = {
    "anyOf": [
        object_of({**_FROM, "unit": words(REAL_SECONDS)}, {**_EXACT, "calendar": _NOTHING}),
        object_of({**_FROM, "unit": words(OPEN_SECONDS), "calendar": _CALENDAR}, _EXACT),
        object_of(
            {**_FROM, "unit": words(_DAY_UNITS)},
            {
                "calendar": _CALENDAR,
                "cut_off": _CLOCK,
                "cut_off_boundary": _BOUNDARY,
                "receipt": words(Receipt),
                "roll": words(Roll),
                "at": {"anyOf": [words(At), _CLOCK]},
                "boundary": _BOUNDARY,
                "pauses": _PAUSES,
            },
            allOf=[_NEEDS_CALENDAR],
        ),
    ]
}
_WINDOWS = object_of(
    {},
    {
        "every": {"enum": ["day", "month", "year"]},
        "starts": {"type": "string", "pattern": "^[0-9]{2}-[0-9]{2}$"},
        "last_days": whole(1),
    },
    allOf=[
        _exactly_one("every", "last_days"),
        {"if": _given("starts"), "then": {"properties": {"every": {"const": "year"}}}},
    ],
)
_USED: dict[str, Schema] = {"window": _WINDOW, "dated": _INSTANT, "used": _NAME}
_STEP = _one_of_keys(
    {
        "round": object_of({"how": words(Rounding)}, {"to": _LITERAL}),
        "unpaid": object_of(
            {}, {"below": _NUMBER, "at_most": _NUMBER}, **_exactly_one("below", "at_most")
        ),
        "cap": _NUMBER,
        "at_least": _NUMBER,
        "excess": _NUMBER,
        "window_cap": object_of({"most": _NUMBER}, {**_USED, "spread": object_of(_SPAN)}),
        "window_count": object_of({"most": _NUMBER}, _USED),
        "once_per": _NAME,
        "nothing_when": _CONDITION,
    }
)
_OPTION = object_of({"kind": words(Remedy)}, {"amount": _NUMBER})
_ROW = object_of({"values": _named(_NUMBER)}, {"from": _DATE, "until": _DATE})
_CLAUSES: dict[str, Schema] = {
    "time_zone": _TEXT,
    "values": _named(_NUMBER),
    "dated_values": list_of(object_of({"by": _INSTANT, "rows": list_of(_ROW)})),
    "deadlines": _named(_INSTANT),
    "measures": _named(_NUMBER),
    "conditions": _named(_CONDITION),
    "applies_when": _CONDITION,
    "exclusions": list_of(
        object_of(
            {"code": _NAME, "when": _CONDITION},
            {"proved_by": {"enum": ["company", "customer"]}, "proof": _CONDITION},
        ),
        0,
    ),
    "amount": _NUMBER,
    "steps": list_of(_STEP, 0),
    "remedy": {
        "anyOf": [_OPTION, object_of({"options": list_of(_OPTION), "chosen_by": _NAME})],
    },
    "claim": object_of(
        {"mode": {"enum": ["automatic", "on_request"]}},
        {"claimed_at": _NAME, "not_before": _INSTANT, "until": _INSTANT},
    ),
    "payment": object_of({"due": _INSTANT}, {"paid_at": _NAME, "late_penalty": _NUMBER}),
    "recurring": object_of(
        {"from": _INSTANT, "word": _NAME}, {"ends": _INSTANT, "most": whole(1, 1000)}
    ),
    "labels": {
        "type": "object",
        "additionalProperties": object_of(
            {},
            dict.fromkeys(LOCALES, {"type": "string", "minLength": 1, "maxLength": LONGEST_LABEL}),
            anyOf=[_given(locale) for locale in LOCALES],
        ),
    },
}
_FIELD = words((FactType.INSTANT, FactType.DATE, FactType.NUMBER, FactType.BOOLEAN, FactType.TEXT))
_FIELDS = _named({"anyOf": [_FIELD, object_of({"type": _FIELD}, {"when_missing": {}})]})
_FACT: Schema = {
    "anyOf": [
        words(FactType),
        object_of(
            {"type": words(FactType)},
            {"when_missing": {}, "fields": _FIELDS},
            allOf=[
                {"if": _given("fields"), "then": {"properties": {"type": {"const": "records"}}}}
            ],
        ),
    ]
}
DEFINITIONS: dict[str, Schema] = {
    "number": {"anyOf": [*_LITERAL["anyOf"], _one_of_keys(_NUMBERS)]},
    "instant": {"anyOf": [_NAME, _DEADLINE, _one_of_keys(_INSTANTS)]},
    "condition": {"anyOf": [_YES, _one_of_keys(_CONDITIONS)]},
    "deadline": _DEADLINES,
    "window": _WINDOWS,
    "pauses": object_of({"in": _NAME}, {"reasons": list_of(_TEXT)}),
}


def general_form(organisation: Mapping[str, Schema]) -> Schema:
    """Terms of format 2, with the keys of the organisation as the caller shapes them."""
    required: dict[str, Schema] = {
        "format": {"const": 2},
        "currency": {"type": "string", "pattern": "^[A-Z]{3}$"},
        "facts": _named(_FACT),
        "broken_when": _one_of_keys(_CONDITIONS),
    }
    return object_of(required, {**organisation, **_CLAUSES})
