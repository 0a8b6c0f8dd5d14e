"""What import-linter cannot say about the structure."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = (
    *("chalice_app", "ec2_app", "shared", "loadtests", "measurement", "comparison", "emulation"),
    *("benchmarks", "commands", "infrastructure"),
)
MODULES = [
    path.relative_to(ROOT)
    for path in [
        ROOT / "compare.py",
        *(p for name in PACKAGES for p in (ROOT / name).rglob("*.py")),
    ]
    if "vendor" not in path.parts
]


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse((ROOT / path).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


def test_nothing_imports_the_command() -> None:
    assert [path for path in MODULES if "compare" in imports(path)] == []


def test_the_vendored_package_is_a_relative_link_to_shared() -> None:
    link = ROOT / "chalice_app" / "vendor" / "shared"

    assert link.is_symlink()
    assert link.readlink() == Path("../../shared")


@pytest.mark.parametrize("path", MODULES, ids=str)
def test_modules_and_functions_stay_small_enough_to_read(path: Path) -> None:
    text = (ROOT / path).read_text(encoding="utf-8")
    functions = [
        node
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]

    assert text.count("\n") <= 400
    assert [f.name for f in functions if (f.end_lineno or 0) - f.lineno >= 50] == []


@pytest.mark.parametrize("path", MODULES, ids=str)
def test_modules_say_what_lives_in_them(path: Path) -> None:
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))

    assert ast.get_docstring(tree) or not tree.body
