"""One step of a reasoning: what verdicts, awards and explanations are told in."""

from collections.abc import Mapping
from typing import NamedTuple


class Step(NamedTuple):
    """`params` hold instants, durations, numbers and plain words."""

    code: str
    params: Mapping[str, object]
