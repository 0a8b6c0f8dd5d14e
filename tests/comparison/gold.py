"""Compares a page with the one kept in tests/gold/, and shows the difference.

A mismatch writes the actual page beside the expected one as NAME.actual: look at it, and if the
change is meant, move it over the other. The test removes it when it passes again.
"""

from difflib import unified_diff
from pathlib import Path

GOLD = Path(__file__).parent.parent / "gold"


def assert_gold(name: str, actual: str) -> None:
    expected_path = GOLD / name
    actual_path = GOLD / f"{name}.actual"
    expected = expected_path.read_text(encoding="utf-8") if expected_path.exists() else ""
    if actual == expected:
        actual_path.unlink(missing_ok=True)
        return
    actual_path.write_text(actual, encoding="utf-8")
    difference = "\n".join(
        unified_diff(expected.splitlines(), actual.splitlines(), "expected", "actual", lineterm="")
    )
    raise AssertionError(
        f"tests/gold/{name} differs; if that is meant:"
        f" mv tests/gold/{name}.actual tests/gold/{name}\n{difference}"
    )
