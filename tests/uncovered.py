"""Tests marked `no_cover` really run without the tracer, under xdist too.

A worker of xdist measures twice: pytest-cov starts one measurement while it reads the options and
another at the start of the session, and pauses only the second. The first goes on meanwhile, which
makes a property test four times as slow.
"""

import pytest
from coverage import Coverage


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_runtest_call(item):
    """Innermost, so that pytest-cov has paused its own already."""
    stopped = []
    if item.get_closest_marker("no_cover"):
        while (measuring := Coverage.current()) is not None:
            measuring.stop()
            stopped.append(measuring)
    try:
        return (yield)
    finally:
        for one in reversed(stopped):
            one.start()
