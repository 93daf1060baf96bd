"""What is marked `no_cover` is not traced, however the tests are run; everything else is, once."""

import subprocess
import sys

import pytest

from config import PROJECT

SAMPLE = """
import sys

import pytest
from coverage import Coverage


def traced():
    return type(sys.gettrace()).__module__.startswith("coverage")


@pytest.mark.no_cover
def test_first():
    assert not traced()


def test_second():
    assert traced()
    measuring = Coverage.current()
    measuring.stop()
    others = Coverage.current()
    measuring.start()
    assert others is None


@pytest.mark.no_cover
def test_third():
    assert not traced()
"""


@pytest.mark.parametrize("how", [(), ("-n", "1")], ids=["one process", "xdist"])
def test_marked_tests_run_without_the_tracer_and_the_others_with_it(tmp_path, how):
    (tmp_path / "conftest.py").write_text("from tests.uncovered import pytest_sessionstart\n")
    (tmp_path / "test_sample.py").write_text(SAMPLE)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *how, "--cov=sample",
         "--cov-report=", f"--rootdir={tmp_path}", "test_sample.py"],
        cwd=tmp_path, env={"PYTHONPATH": str(PROJECT), "PATH": "/usr/bin:/bin"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "3 passed" in done.stdout, done.stdout + done.stderr
