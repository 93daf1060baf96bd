"""Holds the coverage that the house demands: `python tests/coverage_gate.py coverage.json`.

Where money and judgement are decided every line and branch is run by a test; elsewhere nine in
ten. Prints what is missing and ends with code 1.
"""

import json
import sys
from pathlib import Path

COMPLETE = ("kernel", "rules", "ledger", "compensation", "payouts")
OVERALL = 90.0


def shortfalls(report: dict) -> list[str]:
    """A line for every demand that the report does not meet."""
    found = []
    for package in COMPLETE:
        prefix = f"promises/{package}/"
        files = {name: file for name, file in report["files"].items() if name.startswith(prefix)}
        if not files:
            found.append(f"{prefix}: nothing was measured")
        for name, file in sorted(files.items()):
            lines = file["missing_lines"]
            branches = file.get("missing_branches", [])
            if lines or branches:
                found.append(f"{name}: lines {lines or 'none'}, branches {branches or 'none'}")
    overall = report["totals"]["percent_covered"]
    if overall < OVERALL:
        found.append(f"overall {overall:.2f} %, below {OVERALL:.0f} %")
    return found


def main(path: str) -> int:
    report = json.loads(Path(path).read_text())
    found = shortfalls(report)
    for line in found:
        print(f"coverage is missing in {line}")
    if not found:
        print(f"Coverage {report['totals']['percent_covered']:.2f} %, complete in the core.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
