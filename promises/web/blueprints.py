"""The pages of the staff: what app.py registers under the organisation's address."""

from flask import Blueprint

from promises.web import (
    account,
    approvals,
    branches,
    breaches,
    calendar_files,
    calendars,
    challenge,
    counter,
    devices,
    front,
    home,
    hours,
    import_mappings,
    imports,
    keys,
    ledger,
    messages,
    people,
    promises,
    proposals,
    services,
    settings,
    sign_in,
    tickets,
    vouchers,
)

FRONT = front.blueprint
"""The one page outside any organisation."""

ALL: tuple[Blueprint, ...] = (
    account.blueprint,
    approvals.blueprint,
    branches.blueprint,
    breaches.blueprint,
    calendar_files.blueprint,
    calendars.blueprint,
    challenge.blueprint,
    counter.blueprint,
    devices.blueprint,
    home.blueprint,
    hours.blueprint,
    import_mappings.blueprint,
    imports.blueprint,
    keys.blueprint,
    ledger.blueprint,
    messages.blueprint,
    people.blueprint,
    promises.blueprint,
    proposals.blueprint,
    services.blueprint,
    settings.blueprint,
    sign_in.blueprint,
    tickets.blueprint,
    vouchers.blueprint,
)
