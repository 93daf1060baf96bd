from datetime import UTC, datetime, timedelta

from promises.kernel.clock import process_clock


def test_process_clock_tells_the_present_in_utc():
    before = datetime.now(UTC)
    shown = process_clock.now()
    assert shown.utcoffset() == timedelta(0)
    assert before <= shown <= datetime.now(UTC)


def test_process_clock_monotonic_never_runs_backwards():
    readings = [process_clock.monotonic() for _ in range(1000)]
    assert readings == sorted(readings)
