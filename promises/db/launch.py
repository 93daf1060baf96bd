"""Run a program that ends when its parent ends. Executed as a script, never imported.

    python -I -S launch.py --parent PID --signal NUMBER [WHO] -- PROGRAM …
    WHO: --namespace | --uid UID --gid GID

A script of its own, because what runs between fork and exec must not share a process with
threads. On Linux the kernel sends the signal at the death of the parent's *thread* that started
this program, so only main threads should start children. Elsewhere the signal is not available
and the next start clears up instead.

`--namespace` gives root another user's name for itself (PostgreSQL refuses to run as root) while
files stay root's; `--uid` really becomes somebody else.
"""

import ctypes
import os
import sys
from pathlib import Path

CLONE_NEWUSER = 0x10000000
PR_SET_PDEATHSIG = 1
INSIDE_ID = 1000


def enter_namespace() -> None:
    uid, gid = os.geteuid(), os.getegid()
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWUSER) != 0:
        raise OSError(ctypes.get_errno(), "user namespaces are refused here")
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{INSIDE_ID} {uid} 1")
    Path("/proc/self/gid_map").write_text(f"{INSIDE_ID} {gid} 1")


def become(uid: int, gid: int) -> None:
    os.setgroups([])
    os.setgid(gid)
    os.setuid(uid)


def die_with(parent: int, signal_number: int) -> None:
    if not sys.platform.startswith("linux"):
        return
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal_number, 0, 0, 0)
    if os.getppid() != parent:  # the parent died before the line above
        sys.exit(1)


def main(arguments: list[str]) -> None:
    split = arguments.index("--")
    options, program = arguments[:split], arguments[split + 1 :]
    values = {name: options[i + 1] for i, name in enumerate(options[:-1]) if name.startswith("--")}
    if "--namespace" in options:
        enter_namespace()
    elif "--uid" in options:
        become(int(values["--uid"]), int(values["--gid"]))
    die_with(int(values["--parent"]), int(values["--signal"]))
    os.execv(program[0], program)  # noqa: S606  argv comes from our own callers, no shell


if __name__ == "__main__":
    main(sys.argv[1:])
