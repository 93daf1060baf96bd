"""The short form of terms said in the general language."""

from promises.rules.facts import EventKind
from promises.rules.terms import AfterLimit, BeforeLimit, Boundary, dump_terms

FACTS = ("arrived_at", "called_at", "service_started_at", "left_at", "no_show_at", "closed_at")

_gone_known = {"any": [{"known": "left_at"}, {"known": "closed_at"}]}
_never_gone = {"all": [{"missing": "left_at"}, {"missing": "closed_at"}]}
_left_first = {
    "all": [
        {"known": "left_at"},
        {"any": [{"missing": "closed_at"}, {"at_or_before": ["left_at", "closed_at"]}]},
    ]
}
_unserved = {"missing": "service_started_at"}


def gone():
    return {
        "choose": {
            "rows": [{"when": _left_first, "then": "left_at"}],
            "otherwise": "closed_at",
        }
    }


def _called_in_vain():
    """Somebody was called, had not gone by then, and did not come."""
    there = {"any": [_never_gone, {"at_or_before": ["called_at", gone()]}]}
    return {"all": [{"known": "no_show_at"}, {"known": "called_at"}, there]}


def _until_service():
    end = [
        {"when": {"known": "service_started_at"}, "then": "service_started_at"},
        {"when": {"condition": "in_vain"}, "then": "called_at"},
    ]
    unreached = {"all": [_unserved, {"any": [{"condition": "in_vain"}, _gone_known]}]}
    leaver = {"all": [_unserved, {"any": [{"condition": "in_vain"}, _left_first]}]}
    return end, unreached, leaver, _called_in_vain()


def _until_call():
    served_first = {
        "all": [
            {"known": "service_started_at"},
            {
                "any": [
                    {"missing": "called_at"},
                    {"before": ["service_started_at", "called_at"]},
                ]
            },
        ]
    }
    there = {
        "any": [
            {"known": "service_started_at"},
            _never_gone,
            {"at_or_before": ["called_at", gone()]},
        ]
    }
    called = {"all": [{"known": "called_at"}, there]}
    end = [
        {"when": served_first, "then": "service_started_at"},
        {"when": called, "then": "called_at"},
    ]
    reached = {"any": [served_first, called]}
    return (
        end,
        {"all": [{"not": reached}, _gone_known]},
        {"all": [{"not": reached}, _left_first]},
        False,
    )


def as_guarantee(terms):
    """The document of format 2 that promises the same. What the source measured itself is the fact
    `waited_us`, which the desk does not give by name. Who does not come in time is out of scope
    here, where the short form says excluded: exclusions are for what is broken."""
    rule = terms.rule
    until_service = rule.until is EventKind.SERVICE_STARTED
    end, unreached, leaver, in_vain = _until_service() if until_service else _until_call()
    ended = {"any": [one["when"] for one in end] + [_gone_known]}
    late = ">" if rule.boundary is Boundary.INCLUSIVE else ">="
    elapsed = {
        "elapsed": {
            "from": "arrived_at",
            "to": {"or_now": {"choose": {"rows": end, "otherwise": gone()}}},
            "unit": "second",
        }
    }
    in_time = {"not": {"compare": [{"measure": "wait"}, late, rule.limit_seconds]}}
    excused = {"all": [unreached, in_time]}
    if rule.before_limit is BeforeLimit.KEPT:
        # whoever left counts as served; only a call in vain is still excused
        excused = {"all": [_unserved, {"condition": "in_vain"}, in_time]}
    amount = terms.amount_minor
    if rule.after_limit is AfterLimit.NOT_OWED:
        amount = {"choose": {"rows": [{"when": leaver, "then": 0}], "otherwise": amount}}
    common = dump_terms(terms)
    kept = ("currency", "scope", "caps", "approval_threshold_minor", "budget_month_minor")
    return {key: common[key] for key in kept} | {
        "format": 2,
        "facts": {name: "instant" for name in FACTS} | {"waited_us": "number"},
        "conditions": {"in_vain": in_vain},
        "measures": {
            "wait": {
                "choose": {
                    "rows": [
                        {
                            "when": {"all": [{"known": "waited_us"}, ended]},
                            "then": {"divide": [{"fact": "waited_us"}, 1_000_000]},
                        }
                    ],
                    "otherwise": elapsed,
                }
            }
        },
        "applies_when": {"all": [{"known": "arrived_at"}, {"not": excused}]},
        "broken_when": {"compare": [{"measure": "wait"}, late, rule.limit_seconds]},
        "amount": amount,
    }
