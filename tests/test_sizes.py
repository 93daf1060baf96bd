"""No module and no function is longer than one can keep in mind."""

import ast
from pathlib import Path

ROOT = Path(__file__).parents[1]
MODULE, FUNCTION, GROUND = 400, 50, 150
"""Lines at most; `GROUND` is for the ground of all tests."""

CODE = sorted(ROOT.glob("*.py")) + sorted(
    path for folder in ("promises", "bench", "tests") for path in (ROOT / folder).rglob("*.py")
)
TESTS = ROOT / "tests"


def lines(path):
    return path.read_text().count("\n")


def functions(path):
    """Of each function its name and how many lines it has."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name, node.end_lineno - node.lineno + 1


def test_modules_are_short():
    assert len(CODE) > 1_000
    long = {str(path.relative_to(ROOT)): lines(path) for path in CODE if lines(path) > MODULE}
    assert long == {}
    assert lines(TESTS / "conftest.py") <= GROUND


def test_functions_are_short():
    found = [(path, *one) for path in CODE for one in functions(path)]
    assert len(found) > 1_000
    assert [one for one in found if one[2] > FUNCTION] == []
