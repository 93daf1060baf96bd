"""Attempts that a stranger may make: counted in the database before the work is done."""

import ipaddress

from flask import request

from promises.db.session import unit_of_work
from promises.http.context import current
from promises.identity.throttling import throttle
from promises.kernel.actors import SYSTEM


def client_address() -> str:
    """The asking address; of IPv6 its network, because a household has all of that."""
    text = request.remote_addr or "unknown"
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return text
    if isinstance(address, ipaddress.IPv6Address):
        mapped = address.ipv4_mapped
        return str(mapped or ipaddress.ip_network((address, 64), strict=False))
    return str(address)


def guard(name: str, *, limit: int, window_s: int, key: str | None = None) -> None:
    """Count one attempt at `name` by this address (or `key`); TooMany above the limit.

    In a transaction of its own, so that the count stays when the request is refused.
    """
    organisation_id = current().organisation.id
    with unit_of_work(organisation_id, SYSTEM) as uow:
        throttle(
            uow.session,
            organisation_id=organisation_id,
            now=uow.now,
            key=f"{name}:{key or client_address()}",
            limit=limit,
            window_s=window_s,
        )
