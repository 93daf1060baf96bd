"""How a promise was kept, as the public sees it."""

from marshmallow import fields

from promises.api.fields import Flag, Nested, Part, Text, Whole
from promises.reporting.public_document import SHOWN_STAGES


class IntervalSchema(Part):
    """Where the share lies with 95 per cent certainty; decimals as text."""

    low = Text(required=True)
    high = Text(required=True)


class WindowSchema(Part):
    """kept + broken + excluded + open = commitments, always."""

    kept = Whole(required=True)
    broken = Whole(required=True)
    excluded = Whole(required=True)
    open = Whole(required=True)
    commitments = Whole(required=True)
    cases = Whole(required=True, metadata={"description": "kept + broken"})
    kept_rate = Text(
        required=True,
        allow_none=True,
        metadata={"description": "kept / cases, cut to four decimals; null below 30 cases."},
    )
    interval_95 = Nested(IntervalSchema, required=True, allow_none=True)


NAMES = ("24h", "30d", "90d", "12m", "ever")
WindowsSchema = Part.from_dict(
    {name: Nested(WindowSchema, required=True) for name in NAMES}, name="WindowsSchema"
)


class CleanSchema(Part):
    days = Whole(required=True)
    since = fields.String(required=True, metadata={"description": "A date."})
    never_broken = Flag(required=True)


class StageSchema(Part):
    count = Whole(required=True)
    amount_minor = Whole(required=True)


MoneySchema = Part.from_dict(
    {stage.value: Nested(StageSchema, required=True) for stage in SHOWN_STAGES},
    name="MoneyStagesSchema",
)
QUALITY = ("cases", "live", "noted_late", "imported", "corrected", "disputed", "excluded")
QualitySchema = Part.from_dict(
    {name: Whole(required=True) for name in QUALITY}, name="EvidenceQualitySchema"
)


class FiguresSchema(Part):
    """The figures of the public page. Money is in minor units of the organisation's currency."""

    windows = Nested(WindowsSchema, required=True)
    days_without_breach = Nested(CleanSchema, required=True, allow_none=True)
    money = Nested(MoneySchema, required=True)
    evidence_12m = Nested(QualitySchema, required=True)


_WINDOW = {
    "kept": 97, "broken": 3, "excluded": 4, "open": 1, "commitments": 105, "cases": 100,
    "kept_rate": "0.9700", "interval_95": {"low": "0.9154", "high": "0.9898"},
}  # fmt: skip
FIGURES = {
    "windows": dict.fromkeys(NAMES, _WINDOW),
    "days_without_breach": {"days": 12, "since": "2026-03-02", "never_broken": False},
    "money": {stage.value: {"count": 1, "amount_minor": 1000} for stage in SHOWN_STAGES},
    "evidence_12m": dict.fromkeys(QUALITY, 105) | {"noted_late": 0, "imported": 0},
}
