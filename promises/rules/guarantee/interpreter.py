"""All parts and how they get their values, put together."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from promises.kernel.calendars import PreparedCalendar
from promises.rules.guarantee.arithmetic import NUMBERS
from promises.rules.guarantee.case import Case, Earlier, Work
from promises.rules.guarantee.clauses import Guarantee
from promises.rules.guarantee.lists import LISTS
from promises.rules.guarantee.logic import CONDITIONS
from promises.rules.guarantee.times import INSTANTS

WORK: Work = {**NUMBERS, **LISTS, **INSTANTS, **CONDITIONS}


def case_of(
    terms: Guarantee,
    facts: Mapping[str, Any],
    now: datetime | None,
    calendars: Mapping[str, PreparedCalendar],
    history: Sequence[Earlier] = (),
) -> Case:
    """A case to ask for values. `facts` are those of `read_facts`; `now` None knows no present."""
    return Case(WORK, terms, facts, now, calendars, history)
