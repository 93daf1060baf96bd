"""The supervisor with real processes: it restarts what dies and leaves nothing behind."""

import io
import os
import signal
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import psycopg
import pytest

from promises.cli.processes import Child, Keeper, Process, pause_after
from promises.cli.supervisor import STOPPING, Log, StartFailedError, Supervisor
from promises.db import roles
from promises.db.embedded import EmbeddedServer, socket_folder
from promises.kernel.clock import process_clock

PROGRAM = """
import os, sys
from pathlib import Path
from promises.cli.processes import Child
from promises.cli.supervisor import Supervisor, end_with_make
from promises.db.embedded import EmbeddedServer

end_with_make()
folder = Path(sys.argv[1])
SLEEPER = "import time; time.sleep(600)"
# a program that starts another of its own, as the web server does
PARENT = (
    "import os, subprocess, sys, time; "
    "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']); "
    "open(sys.argv[1], 'w').write(str(child.pid)); time.sleep(600)"
)
children = (
    Child("first", (sys.executable, "-c", SLEEPER)),
    Child("second", (sys.executable, "-c", PARENT, str(folder / "grandchild"))),
)
database = EmbeddedServer(folder / "postgres")
supervisor = Supervisor(children, database)
def told():
    pids = [database.pid, *(keeper.pid for keeper in supervisor._keepers)]
    (folder / "pids.new").write_text(" ".join(map(str, pids)))
    os.replace(folder / "pids.new", folder / "pids")
    return False
try:
    with supervisor.session():
        supervisor.keep_until(told)
except KeyboardInterrupt:
    print("stopped", flush=True)
"""


def running(pid):
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def eventually(condition, seconds=300):
    for _ in range(seconds * 50):
        value = condition()
        if value:
            return value
        time.sleep(0.02)
    raise AssertionError("it did not come to that")


class World:
    """A supervisor in a process of its own, and what it told of its children."""

    def __init__(self, folder, parent=(), **environ):
        self.folder = folder
        self.process = subprocess.Popen(
            [*parent, sys.executable, "-c", PROGRAM, str(folder)],
            stdout=subprocess.PIPE, text=True, env=os.environ | environ,
        )  # fmt: skip
        self.pids = []

    def told(self):
        try:
            words = (self.folder / "pids").read_text().split()
        except FileNotFoundError:
            return None
        return None if "None" in words else [int(word) for word in words]

    def all_up(self):
        pids = self.told()
        return pids if pids and all(running(pid) for pid in pids) else None

    def everyone(self):
        return [*self.pids, int((self.folder / "grandchild").read_text())]

    def replaced(self, position):
        old = self.pids[position]
        return eventually(lambda: (p := self.all_up()) and p[position] != old and p)

    def output(self):
        return self.process.communicate(timeout=300)[0]


@contextmanager
def started(folder, *parent, **environ):
    made = World(folder, *parent, **environ)
    try:
        made.pids = eventually(made.all_up)
        eventually(lambda: (folder / "grandchild").exists())
        yield made
    finally:
        made.process.kill()
        made.process.communicate()
        with suppress(ProcessLookupError, FileNotFoundError):
            os.kill(int((folder / "grandchild").read_text()), signal.SIGKILL)


@pytest.fixture
def world(tmp_path):
    with started(tmp_path) as made:
        yield made


@pytest.mark.crash
@pytest.mark.parametrize("signal_number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signal_stops_everything_within_seconds(world, signal_number):
    everyone = world.everyone()
    world.process.send_signal(signal_number)
    assert "stopped" in world.output()
    assert world.process.returncode == 0
    assert [pid for pid in everyone if running(pid)] == []


@pytest.mark.crash
def test_kill_of_the_supervisor_takes_everything_along_and_rows_stay(world, tmp_path):
    with psycopg.connect(
        host=str(socket_folder(tmp_path / "postgres")), user=roles.OWNER, dbname=roles.DATABASE
    ) as connection:
        connection.execute("CREATE TABLE kept AS SELECT generate_series(1, 500) AS n")
    children = world.pids
    world.process.kill()
    world.process.wait()
    eventually(lambda: not any(running(pid) for pid in children))
    with (
        EmbeddedServer(tmp_path / "postgres") as server,
        server.connect(roles.OWNER, roles.DATABASE) as connection,
    ):
        assert connection.execute("SELECT count(*) FROM kept").fetchone() == (500,)


@pytest.mark.crash
def test_kill_of_make_stops_everything(tmp_path):
    runner = "import subprocess, sys; subprocess.run(sys.argv[1:])"
    with started(tmp_path, (sys.executable, "-c", runner), MAKELEVEL="1") as world:
        world.process.kill()
        world.process.wait()
        eventually(lambda: not any(running(pid) for pid in world.everyone()))


@pytest.mark.crash
@pytest.mark.parametrize("position", [0, 1, 2], ids=["database", "first", "second"])
def test_killed_child_is_started_again_and_the_others_stay(world, position):
    grandchild = world.everyone()[-1]
    os.kill(world.pids[position], signal.SIGKILL)
    fresh = world.replaced(position)
    assert [p for i, p in enumerate(fresh) if i != position] == [
        p for i, p in enumerate(world.pids) if i != position
    ]
    # what the dead one had started itself does not linger
    assert running(grandchild) == (position != 2)


def quiet(_name, _line):
    pass


class HandClock:
    """A clock that moves when told."""

    def __init__(self):
        self.seconds = 0.0

    def monotonic(self):
        return self.seconds


def python(text, **options):
    return Child("test", (sys.executable, "-c", text), **options)


def ended(keeper):
    return lambda: keeper.tend() or keeper.pid is None


def test_child_that_keeps_failing_is_started_after_growing_pauses():
    clock = HandClock()
    keeper = Keeper(python("raise SystemExit(3)"), quiet, clock)
    for failures in (1, 2, 3):
        keeper.tend()
        assert keeper.pid is not None
        eventually(ended(keeper))
        assert keeper.failures == failures
        clock.seconds += pause_after(failures) - 0.01
        keeper.tend()
        assert keeper.pid is None
        clock.seconds += 0.02


def test_pause_has_a_ceiling():
    assert [pause_after(n) for n in (1, 2, 3, 50)] == [0.2, 0.4, 0.8, 5.0]


def test_child_that_ran_long_starts_again_without_old_failures():
    clock = HandClock()
    keeper = Keeper(python("import time; time.sleep(600)"), quiet, clock)
    keeper.failures = 5
    keeper.tend()
    clock.seconds += 31
    os.kill(keeper.pid, signal.SIGKILL)
    eventually(ended(keeper))
    assert keeper.failures == 1


def test_starts_that_take_long_are_counted_all_the_same():
    """On a slow machine a program may need more than half a minute to say that it cannot run."""
    clock = HandClock()
    keeper = Keeper(python("raise SystemExit(1)"), quiet, clock)
    for _ in range(3):
        keeper.tend()
        clock.seconds += 31
        eventually(ended(keeper))
        clock.seconds += 60
    assert (keeper.failures, keeper.ends) == (1, 3)


def test_finite_child_that_ends_well_is_done():
    keeper = Keeper(python("pass", finite=True), quiet, HandClock())
    eventually(lambda: keeper.tend() or keeper.done)
    keeper.tend()
    assert keeper.pid is None
    assert keeper.failures == 0


def test_finite_child_that_fails_is_started_again():
    clock = HandClock()
    keeper = Keeper(python("raise SystemExit(1)", finite=True), quiet, clock)
    keeper.tend()
    eventually(ended(keeper))
    assert not keeper.done
    clock.seconds += 1
    keeper.tend()
    assert keeper.pid is not None
    keeper.kill()


def test_lines_carry_the_name_of_their_child():
    heard = []
    process = Process(
        python("import sys; print('out'); print('err', file=sys.stderr)"),
        lambda name, line: heard.append((name, line)),
    )
    eventually(process.ended)
    assert sorted(heard) == [("test", "err"), ("test", "out")]


def test_child_that_ignores_the_request_to_stop_is_killed_with_its_group():
    text = (
        "import os, signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
        "os.write(1, f'{os.getpid()} {os.fork()}\\n'.encode()); time.sleep(600)"
    )
    heard = []
    process = Process(python(text), lambda _name, line: heard.append(line))
    try:
        eventually(lambda: len(heard) == 2)
        family = {int(pid) for line in heard for pid in line.split()} - {0}
        process.terminate()
        assert not process.wait(0.3)
        assert all(running(pid) for pid in family)
    finally:
        process.kill()
    assert process.ended()
    eventually(lambda: not any(running(pid) for pid in family))


def test_output_nobody_reads_any_more_does_not_stop_the_supervisor(monkeypatch):
    closed = io.StringIO()
    closed.close()
    monkeypatch.setattr(sys, "stdout", closed)
    Log()("web", "a line")


@pytest.fixture
def bare(capsys):
    """Makes supervisors without a database in this process; stops them and puts signals back."""
    before = {number: signal.getsignal(number) for number in STOPPING}
    with ExitStack() as stack:

        def make(*children, clock=process_clock):
            made = Supervisor(children, None, clock)
            stack.enter_context(made.session())
            return made

        yield make
    for number, handler in before.items():
        signal.signal(number, handler)


SLEEPER = "import time; time.sleep(600)"


def test_run_once_gives_the_lines_it_was_asked_to_keep(bare, capsys):
    supervisor = bare()
    assert supervisor.run_once(python("print(1); print(2)"), capture=True) == ["1", "2"]
    assert capsys.readouterr().out == ""
    assert supervisor.run_once(python("print(3)")) == []
    assert capsys.readouterr().out == "test     | 3\n"


def test_run_once_that_fails_shows_what_was_said(bare, capsys):
    with pytest.raises(StartFailedError, match="test ended with code 5"):
        bare().run_once(python("print('the reason'); raise SystemExit(5)"), capture=True)
    assert "test     | the reason" in capsys.readouterr().out


def test_vital_child_that_keeps_failing_ends_the_start(bare, capsys):
    supervisor = bare(python("raise SystemExit(1)"))
    with pytest.raises(StartFailedError, match="test does not stay up"):
        supervisor.keep_until(lambda: True)
    assert capsys.readouterr().out.count("ended with code 1; it is started again") == 3


def test_failing_child_that_is_not_vital_does_not_hold_up_the_others(bare, capsys):
    supervisor = bare(python(SLEEPER), python("raise SystemExit(1)", vital=False))
    supervisor.keep_until(lambda: True)
    assert "ended with code 1" in capsys.readouterr().out


def test_start_that_never_becomes_ready_is_given_up(bare):
    class Hurried:
        """A clock in which every look takes a minute."""

        def __init__(self):
            self.seconds = 0.0

        def monotonic(self):
            self.seconds += 60
            return self.seconds

    with pytest.raises(StartFailedError, match="not ready after 300 s"):
        bare(python(SLEEPER), clock=Hurried()).keep_until(lambda: False)
