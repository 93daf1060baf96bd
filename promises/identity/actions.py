"""The verbs of identity in one place; each stands in the module of what it acts on."""

from promises.identity.branches import (
    BranchSettings,
    add_branch,
    add_counter,
    add_service_kind,
    change_branch,
    change_service_kind,
    close_branch,
    close_counter,
    set_branch_services,
)
from promises.identity.calendars import seed_holidays, set_opening_hours
from promises.identity.customers import (
    add_contact,
    erase_contact,
    erase_customer,
    known_customer,
)
from promises.identity.organisations import (
    NewOrganisation,
    OrganisationSettings,
    change_settings,
    create_organisation,
)
from promises.identity.throttling import throttle

__all__ = [
    "BranchSettings",
    "NewOrganisation",
    "OrganisationSettings",
    "add_branch",
    "add_contact",
    "add_counter",
    "add_service_kind",
    "change_branch",
    "change_service_kind",
    "change_settings",
    "close_branch",
    "close_counter",
    "create_organisation",
    "erase_contact",
    "erase_customer",
    "known_customer",
    "seed_holidays",
    "set_branch_services",
    "set_opening_hours",
    "throttle",
]
