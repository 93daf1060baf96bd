"""Where this service stands, as browsers and passkeys see it."""

import ipaddress
from urllib.parse import urlsplit

from flask import current_app, request

from config import Config
from promises.http.context import current
from promises.identity.passkeys import Site


def site() -> Site:
    """The address that customers use; on one machine, the one of its names that was asked."""
    config: Config = current_app.config["LUPAUS"]
    origin = request.host_url if config.embedded else config.base_url
    parts = urlsplit(origin)
    origin = f"{parts.scheme}://{parts.netloc}"
    return Site(parts.hostname or "", origin, current().organisation.name)


def takes_passkeys() -> bool:
    """Browsers keep passkeys for a name, never for the number of an address."""
    try:
        ipaddress.ip_address(site().host)
    except ValueError:
        return True
    return False


def is_demonstration() -> bool:
    """Whether this process serves a demonstration: on the embedded server, and not turned off."""
    config: Config = current_app.config["LUPAUS"]
    return config.demo and config.embedded
