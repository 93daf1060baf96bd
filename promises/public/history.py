"""The versions of a promise for the public: what each said, and what it changed, in words."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from promises.catalogue.queries import Version
from promises.public.gathering import Shown, details


@dataclass(frozen=True, slots=True)
class VersionTold:
    """`removed` and `added` are the lines that the version before had and this one has not, and the
    other way round; both empty for the first. `reason` is why, where it was said."""

    version: Version
    sentence: str
    details: tuple[str, ...]
    removed: tuple[str, ...]
    added: tuple[str, ...]
    reason: str


def tell_versions(
    shown: Shown,
    versions: Sequence[Version],
    reasons: Mapping[uuid.UUID, Mapping[str, str]],
    locale: str,
) -> list[VersionTold]:
    """In the order given, which is the newest first."""
    lines = [(shown.sentence(one, locale), *details(one, locale)) for one in versions]
    found = []
    for place, version in enumerate(versions):
        before = lines[place + 1] if place + 1 < len(lines) else lines[place]
        said = reasons.get(version.version_id) or {}
        found.append(
            VersionTold(
                version=version,
                sentence=lines[place][0],
                details=lines[place][1:],
                removed=tuple(line for line in before if line not in lines[place]),
                added=tuple(line for line in lines[place] if line not in before),
                reason=said.get(locale) or next(iter(said.values()), ""),
            )
        )
    return found
