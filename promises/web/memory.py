"""Who may see what we promised a known customer before."""

from promises.http.permissions import Permission, may


def may_remember() -> bool:
    """Those who serve customers, and those who decide about their money."""
    return may(Permission.DESK) or may(Permission.COMPENSATION_READ)
