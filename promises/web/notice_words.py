"""In what customers get less than before, in words."""

from promises.catalogue.notice_points import Point
from promises.kernel.text import N_

POINTS = {
    Point.TERMS: N_(
        "The terms are not the same, and it cannot be shown that nobody gets less by them."
    ),
    Point.LIMIT: N_("The limit is longer."),
    Point.CLOCK: N_("The clock stops at the call already, not when the service starts."),
    Point.AMOUNT: N_("The amount is smaller."),
    Point.LEAVERS: N_("Who leaves after the limit is owed nothing any more."),
    Point.COUNTING: N_("Who leaves before the limit is counted in another way."),
    Point.MATTERS: N_("It is for fewer kinds of matters."),
    Point.SERVICES: N_("It is for fewer services."),
    Point.BRANCHES: N_("It is for fewer branches."),
    Point.CAPS: N_("The most that we pay is lower."),
}
"""What a page says of each point, to be translated there."""
