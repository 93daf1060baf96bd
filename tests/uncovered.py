"""A worker of xdist measures once, and tests marked `no_cover` really run without the tracer.

pytest-cov starts one measurement while a worker reads its options and another at the start of its
session; only the second is paused, ended and reported. The first would cost as much again and be
thrown away.
"""

import pytest
from coverage import Coverage


@pytest.hookimpl(trylast=True)
def pytest_sessionstart(session):
    """After pytest-cov's own."""
    if not hasattr(session.config, "workerinput") or (newest := Coverage.current()) is None:
        return
    while (measuring := Coverage.current()) is not None:
        measuring.stop()
    newest.start()
