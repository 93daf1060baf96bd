"""Further chapters of the demonstration's history, told once each, after its visits and matters.

A story plays real flows, as `Acts` does, up to `now`. One that was cut off is told again, so each
begins by looking at what of it stands already.
"""

import datetime as dt
from collections.abc import Callable

from promises.simulation.acts import Acts
from promises.simulation.bank import Bank
from promises.simulation.books import tell_of_books
from promises.simulation.budgets import tell_of_budgets
from promises.simulation.causes import tell_of_causes
from promises.simulation.ceilings import tell_of_ceilings
from promises.simulation.choices import tell_of_choices
from promises.simulation.control import tell_of_control
from promises.simulation.ending import tell_of_endings
from promises.simulation.followers import tell_of_followers
from promises.simulation.payout_files import tell_of_payout_files
from promises.simulation.proposals import tell_of_proposals
from promises.simulation.rescue import tell_of_rescue
from promises.simulation.shadows import tell_of_shadows
from promises.simulation.voices import tell_of_voices

Story = Callable[[Acts, Bank, dt.datetime], object]

STORIES: tuple[Story, ...] = (
    tell_of_proposals,
    tell_of_voices,
    tell_of_endings,
    tell_of_rescue,
    tell_of_control,
    tell_of_causes,
    tell_of_budgets,
    tell_of_shadows,
    tell_of_followers,
    tell_of_choices,
    tell_of_books,
    tell_of_payout_files,
    tell_of_ceilings,
)


def tell_stories(acts: Acts, bank: Bank, now: dt.datetime) -> None:
    for story in STORIES:
        story(acts, bank, now)
