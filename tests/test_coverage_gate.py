"""The coverage gate itself bites."""

from tests.coverage_gate import COMPLETE, shortfalls

FULL = {"missing_lines": [], "missing_branches": []}


def report(overall=95.0, **changed):
    files = {f"promises/{package}/a.py": FULL for package in COMPLETE}
    return {"totals": {"percent_covered": overall}, "files": files | changed}


def test_gate_full_coverage_passes():
    assert shortfalls(report()) == []


def test_gate_one_missing_line_in_the_core_is_told():
    holed = {"promises/ledger/b.py": FULL | {"missing_lines": [7]}}
    assert shortfalls(report(**holed)) == ["promises/ledger/b.py: lines [7], branches none"]


def test_gate_one_missing_branch_in_the_core_is_told():
    holed = {"promises/payouts/rails/base.py": FULL | {"missing_branches": [[3, 5]]}}
    found = shortfalls(report(**holed))
    assert found == ["promises/payouts/rails/base.py: lines none, branches [[3, 5]]"]


def test_gate_package_that_nothing_measured_is_told():
    whole = report()
    del whole["files"]["promises/rules/a.py"]
    assert shortfalls(whole) == ["promises/rules/: nothing was measured"]


def test_gate_holes_outside_the_core_count_only_overall():
    holed = {"promises/web/a.py": FULL | {"missing_lines": [1, 2]}}
    assert shortfalls(report(**holed)) == []
    assert shortfalls(report(89.99, **holed)) == ["overall 89.99 %, below 90 %"]
