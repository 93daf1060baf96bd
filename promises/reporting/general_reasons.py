"""Why a verdict by general terms is as it is: what the engine told when it gave it."""

from collections.abc import Mapping
from typing import Any

from promises.rules.guarantee.rendering import steps_from_json
from promises.rules.reasons import GeneralReason
from promises.rules.terms import GuaranteeTerms


def general_reasons(
    detail: Mapping[str, Any] | None, terms: GuaranteeTerms
) -> tuple[GeneralReason, ...]:
    """One a step; a commitment that was not judged yet has none."""
    steps = steps_from_json(detail["steps"]) if detail is not None else ()
    return tuple(GeneralReason(step, terms.currency) for step in steps)
