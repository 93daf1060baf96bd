"""What further rooms put into the full organisation.

Each part is a function in a module of its own, `world_<room>.py`: it plays real flows on the full
world, last of all, and returns the ids of its things by the name of their route parameter. Pages
in a further state it adds to `manager_pages` and `clerk_pages` (after /staff) or `open_pages`.
"""

from collections.abc import Callable
from typing import Any

from tests.factories import (
    world_books,
    world_budgets,
    world_causes,
    world_ceilings,
    world_choices,
    world_control,
    world_ending,
    world_following,
    world_goodwill,
    world_payout_runs,
    world_proposals,
    world_rails,
    world_rescue,
    world_returns,
    world_second_step,
    world_shadows,
    world_voices,
)

PARTS: tuple[Callable[[Any], dict[str, object]], ...] = (
    world_proposals.fill,
    world_ending.fill,
    world_rescue.fill,
    world_goodwill.fill,
    world_control.fill,
    world_shadows.fill,
    world_voices.fill,
    world_budgets.fill,
    world_causes.fill,
    world_following.fill,
    world_returns.fill,
    world_second_step.fill,
    world_books.fill,
    world_rails.fill,
    world_choices.fill,
    world_payout_runs.fill,
    world_ceilings.fill,
)
