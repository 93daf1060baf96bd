"""The verbs of identity in one place; each stands in the module of what it acts on."""

from promises.identity.access import (
    NewKey,
    add_device,
    enrol_device,
    issue_api_key,
    renew_code,
    revoke_api_key,
    revoke_device,
)
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
    find_customer,
    known_customer,
)
from promises.identity.members import (
    NewMember,
    change_member,
    change_password,
    deactivate_member,
    invite_again,
    invite_member,
    reactivate_member,
    request_reset,
    set_password_by_link,
)
from promises.identity.organisations import (
    NewOrganisation,
    OrganisationSettings,
    change_settings,
    create_organisation,
)
from promises.identity.sessions import end_session, end_sessions, pick_counter, start_session
from promises.identity.throttling import throttle

__all__ = [
    "BranchSettings",
    "NewKey",
    "NewMember",
    "NewOrganisation",
    "OrganisationSettings",
    "add_branch",
    "add_contact",
    "add_counter",
    "add_device",
    "add_service_kind",
    "change_branch",
    "change_member",
    "change_password",
    "change_service_kind",
    "change_settings",
    "close_branch",
    "close_counter",
    "create_organisation",
    "deactivate_member",
    "end_session",
    "end_sessions",
    "enrol_device",
    "erase_contact",
    "erase_customer",
    "find_customer",
    "invite_again",
    "invite_member",
    "issue_api_key",
    "known_customer",
    "pick_counter",
    "reactivate_member",
    "renew_code",
    "request_reset",
    "revoke_api_key",
    "revoke_device",
    "seed_holidays",
    "set_branch_services",
    "set_opening_hours",
    "set_password_by_link",
    "start_session",
    "throttle",
]
