"""Why promises broke, what is done about it, and a note on a chart."""

import datetime as dt

from promises.flows.improve import finish_action, publish_action, start_action
from promises.flows.tag_cause import tag_cause
from promises.improvement.actions import NewAction
from promises.improvement.annotations import NewNote, add_note
from promises.improvement.causes import add_cause
from promises.kernel.actors import Role

DAY = dt.timedelta(days=1)


def fill(world):
    """A cause of the bank's own; an action that is open, and one that was done and told."""
    made, promise_id = world.made, world.published.promise_id
    today = world.now.date()
    with world.work(Role.MANAGER) as uow:
        shared = {"organisation_id": made.id, "actor": uow.actor, "now": uow.now}
        cause_id = add_cause(uow.session, names={"fi": "Kassakone oli rikki"}, **shared)
        note_id = add_note(
            uow.session, note=NewNote(today - DAY, "Toripäivä", promise_id), **shared
        )
    with world.work(Role.CLERK) as uow:
        tag_cause(uow, breach_id=world.breach_id, cause_id=cause_id)
    shared = {"promise_id": promise_id, "owner_id": made.members[Role.MANAGER]}
    with world.work(Role.MANAGER) as uow:
        action_id = start_action(
            uow, action=NewAction(what="Toinen kassakone varalle", due_on=today + DAY, **shared)
        )
        done_id = start_action(
            uow,
            action=NewAction(
                what="Tauot porrastetaan", due_on=today - 3 * DAY, cause_id=cause_id, **shared
            ),
        )
        finish_action(uow, action_id=done_id, done_on=today - 3 * DAY)
        publish_action(uow, action_id=done_id, texts={"fi": "Tauot on porrastettu."})
    world.manager_pages += [
        f"/improvements/{done_id}", "/causes?cause=unknown", f"/causes?cause={cause_id}",
    ]  # fmt: skip
    return {"cause_id": cause_id, "action_id": action_id, "note_id": note_id}
