"""The states of a promise that is applied to one case."""

from enum import StrEnum


class State(StrEnum):
    OPEN = "open"
    KEPT = "kept"
    BROKEN = "broken"
    EXCLUDED = "excluded"
    NOT_APPLICABLE = "not_applicable"
