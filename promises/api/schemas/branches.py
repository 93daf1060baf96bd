"""Branches, and what they serve."""

from marshmallow import fields

from promises.api.fields import Choice, Id, PageQuery, Part, Text
from promises.api.schemas.pages import EXAMPLE_ID, OTHER_ID, page_of
from promises.identity.models import BranchState, ServiceStart


class BranchSchema(Part):
    """An office that serves customers."""

    id = Id(required=True)
    name = Text(required=True)
    slug = Text(required=True)
    time_zone = Text(required=True, metadata={"description": "IANA name, as Europe/Helsinki."})
    state = Choice(BranchState, required=True)
    service_start = Choice(
        ServiceStart,
        required=True,
        metadata={"description": "`call`: calling a number counts as the start of the service."},
    )


class BranchesQuery(PageQuery):
    state = Choice(BranchState)


class ServiceSchema(Part):
    """What a customer may come for."""

    id = Id(required=True)
    letter = Text(required=True, metadata={"description": "What its numbers begin with."})
    names = fields.Dict(
        keys=fields.String(),
        values=fields.String(),
        required=True,
        metadata={"description": "The name by language."},
    )


class CounterSchema(Part):
    """A place in a branch where one customer is served."""

    id = Id(required=True)
    name = Text(required=True)
    branch_id = Id(required=True)


BranchPage = page_of(BranchSchema)
ServicePage = page_of(ServiceSchema)
CounterPage = page_of(CounterSchema)

BRANCH = {
    "id": OTHER_ID,
    "name": "Tampere",
    "slug": "tampere",
    "time_zone": "Europe/Helsinki",
    "state": "active",
    "service_start": "tap",
}
SERVICE = {
    "id": EXAMPLE_ID,
    "letter": "A",
    "names": {"fi": "Tilit ja kortit", "sv": "Konton och kort", "en": "Accounts and cards"},
}
COUNTER = {"id": EXAMPLE_ID, "name": "3", "branch_id": OTHER_ID}
