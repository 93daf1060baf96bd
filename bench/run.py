"""Every question of the folder, one after the other: `python -m bench.run --scale small|full`.

Prints the table, keeps the figures in bench/results/, and at full scale writes
docs/performance.md. Ends with 1 where a ratio surely misses its limit, twice: noise moves a ratio
once, a slower program every time.
"""

import argparse
import datetime as dt
import importlib
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path

from bench.harness import SCALES, Figure
from promises.db.binaries import find_binaries

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "bench" / "results"
DOCUMENT = ROOT / "docs" / "performance.md"
CASES = (
    "p01_verdict",
    "p04_backtest",
    "p05_forecast",
    "p03_business_time",
    "p06_sweep",
    "p09_event",
    "p10_live",
    "p12_import",
    "p13_poll",
    "p14_payout",
    "p21_dashboards",
    "ledger_books",
    "money_control",
    "sepa_files",
    "stripe_payouts",
)
PACKAGES = ("flask", "sqlalchemy", "psycopg", "marshmallow", "gunicorn", "numpy")


@dataclass(frozen=True)
class Machine:
    """What the figures were taken on."""

    processor: str
    cores: int
    load_before: float
    load_after: float
    python: str
    versions: dict[str, str]
    commit: str


def main() -> int:
    wanted = _arguments()
    load = os.getloadavg()[0]
    cases = [case for case in CASES if wanted.only is None or case.startswith(wanted.only)]
    figures = _measure(cases, wanted.scale)
    machine = _machine(load)
    _keep(figures, machine, wanted.scale)
    if (wanted.scale == "full" or wanted.write) and wanted.only is None:
        date = wanted.date or _commit_date()
        DOCUMENT.write_text(document(figures, machine, date, wanted.scale))
        print(f"{DOCUMENT.relative_to(ROOT)} is written")
    missed = [one for one in figures if one.surely_missed()]
    for one in missed:
        print(f"missed twice: {one.goal} {one.question}: {show(one)}")
    return 1 if missed else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.run", description=__doc__)
    parser.add_argument("--scale", choices=SCALES, default="small")
    parser.add_argument("--only", help="cases whose name begins so, such as p06")
    parser.add_argument(
        "--write", action="store_true", help="write docs/performance.md at the small scale too"
    )
    parser.add_argument("--date", type=dt.date.fromisoformat, help="default: the commit's")
    return parser.parse_args()


def _measure(cases: Sequence[str], scale: str) -> list[Figure]:
    found: list[Figure] = []
    for case in cases:
        begun = time.monotonic()
        figures = measure(case, scale)
        if any(one.surely_missed() for one in figures):
            print(f"{case}: again, with twice as many rounds")
            figures = measure(case, scale, times=2)
        for one in figures:
            print(f"{one.goal}  {_mark(one):7}  {show(one):>18}  {one.question}")
            for note in one.notes:
                print(f"{'':34}{note}")
        print(f"{case}: {time.monotonic() - begun:.0f} s", flush=True)
        found += figures
    return sorted(found, key=lambda one: one.goal)


def measure(case: str, scale: str, times: int = 1) -> list[Figure]:
    """The figures of one module of this folder; `times` multiplies its rounds."""
    found: list[Figure] = importlib.import_module(f"bench.{case}").measure(scale, times)
    return found


# ---- what is kept and written


def _keep(figures: Sequence[Figure], machine: Machine, scale: str) -> None:
    RESULTS.mkdir(exist_ok=True)
    kept = {"scale": scale, "machine": asdict(machine), "figures": [asdict(f) for f in figures]}
    (RESULTS / f"{machine.commit}.json").write_text(json.dumps(kept, indent=2, ensure_ascii=False))


def _machine(load_before: float) -> Machine:
    return Machine(
        processor=_processor(),
        cores=os.cpu_count() or 1,
        load_before=round(load_before, 2),
        load_after=round(os.getloadavg()[0], 2),
        python=platform.python_version(),
        versions={"postgresql": _postgres()} | {name: version(name) for name in PACKAGES},
        commit=_commit(),
    )


def _commit() -> str:
    """With a plus where the tree holds more than the commit."""
    changed = _git("status", "--porcelain", "--untracked-files=no", "--", ":!docs/performance.md")
    return _git("rev-parse", "--short", "HEAD") + ("+" if changed else "")


def _processor() -> str:
    with Path("/proc/cpuinfo").open() as lines:
        named = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return named[0] if named else platform.machine()


def _postgres() -> str:
    """The embedded server's, which all cases run on."""
    said = _output(find_binaries().postgres, "--version")
    return said.rpartition(" ")[2]


def _git(*words: str) -> str:
    return _output("git", "-C", str(ROOT), *words)


def _commit_date() -> dt.date:
    return dt.date.fromisoformat(_git("log", "-1", "--format=%cs"))


def _output(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


# ---- the document


def show(one: Figure) -> str:
    return f"{number(one.value)} {one.unit}"


def number(value: float) -> str:
    """Three digits that matter, and no more."""
    if value == int(value):
        return f"{int(value):,}"
    size = abs(value)
    return f"{value:,.0f}" if size >= 100 else f"{value:.1f}" if size >= 10 else f"{value:.2f}"


def _mark(one: Figure) -> str:
    if one.limit is None:
        return "–"
    return "stretch" if one.stretched else "pass" if one.passed else "MISSED"


def document(
    figures: Sequence[Figure], machine: Machine, date: dt.date, scale: str = SCALES[-1]
) -> str:
    """docs/performance.md: all figures, those that miss their goal too."""
    lines = [
        "# Performance",
        "",
        "Written by `make bench`; do not edit it. Each figure stands beside a floor: the same work",
        "by hand, without the product, in the same run (`bench/floors/`). Both sides were shown to",
        "give the same answer first, then timed in turn, round by round; a figure is the median of",
        "the rounds' ratios, in brackets their quartiles. Processor time is taken where the clock",
        "on the wall would measure the neighbours.",
        "",
        "| Goal | Question | Measured | Limit | Stretch | |",
        "|---|---|---|---|---|---|",
        *(_row(one) for one in figures),
        "",
        *_remarks(figures),
        "## Machine",
        "",
        f"Scale: {scale}. Commit {machine.commit}, {date.isoformat()}. "
        f"{machine.processor}, {machine.cores} cores; "
        f"load average {machine.load_before} before and {machine.load_after} after, of which one "
        "to two are the measurements themselves. "
        f"Python {machine.python}, "
        + ", ".join(f"{name} {found}" for name, found in machine.versions.items())
        + ". PostgreSQL writes to the disk as in production.",
        "",
        *REPEAT,
    ]
    return "\n".join(lines)


def _row(one: Figure) -> str:
    measured = show(one)
    if one.quartiles:
        measured += f" ({number(one.quartiles[0])}–{number(one.quartiles[1])})"
    sign = "≤" if one.better == "lower" else "≥"
    bounds = (
        f"{sign} {number(bound)}" if bound is not None else "–"
        for bound in (one.limit, one.stretch)
    )
    question = "<br>".join((one.question, *one.notes))
    return f"| {one.goal} | {question} | {measured} | {' | '.join(bounds)} | {_mark(one)} |"


def _remarks(figures: Sequence[Figure]) -> list[str]:
    missed = sorted({one.goal for one in figures if not one.passed})
    if not missed:
        return ["Every limit is kept.", ""]
    return [f"Missed in this run: {', '.join(missed)}.", ""]


REPEAT = (
    "## Repeat it",
    "",
    "`make bench` takes about ten minutes on a quiet machine and writes this page;",
    "`.venv/bin/python -m bench.run --scale small --only p06` runs one question in less.",
    "A ratio whose better quartile misses its limit is measured again with twice the rounds; if it",
    "misses again, the command ends with 1. Absolute figures (ms, cores) depend on the machine and",
    "are only told. Each run keeps its figures in `bench/results/`.",
    "",
)


if __name__ == "__main__":
    sys.exit(main())
