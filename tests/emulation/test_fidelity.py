"""docs/fidelity.md is a test suite: what it claims names a test, and the test exists."""

import ast
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from emulation.errors import EmulationError
from emulation.fidelity import (
    BEGIN,
    END,
    Area,
    Row,
    Standing,
    areas,
    main,
    read_areas,
    report_lines,
    tables,
    with_tables,
)

REPOSITORY = Path(__file__).resolve().parent.parent.parent
PAGE = REPOSITORY / "docs" / "fidelity.md"
NAMED = sorted({test for area in areas() for row in area.rows for test in row.tests})
# Modules that hold a service's behaviour rather than this program's: none of their tests may be
# missing from the table.
PURE_RULES = ("test_events", "test_responses", "test_routes", "test_sandboxes")


@cache
def collected_from(file: str) -> frozenset[str]:
    """What pytest collects from a file, by its rule: functions that are called test_..."""
    tree = ast.parse((REPOSITORY / file).read_text(encoding="utf-8"))
    functions = (n for n in tree.body if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef))
    return frozenset(n.name for n in functions if n.name.startswith("test_"))


def test_every_test_that_a_row_names_exists() -> None:
    wanted = [(test, *test.split("::")) for test in NAMED]

    assert [test for test, file, name in wanted if name not in collected_from(file)] == []


def test_most_rules_of_aws_that_are_tested_are_in_the_table() -> None:
    for module in PURE_RULES:
        file = f"tests/emulation/{module}.py"
        named = {test.partition("::")[2] for test in NAMED if test.startswith(file)}

        assert len(named) >= len(collected_from(file)) / 3, file


def test_the_page_is_what_the_rows_say() -> None:
    page = PAGE.read_text(encoding="utf-8")

    assert page == with_tables(page, areas()), "run: python -m emulation.fidelity docs/fidelity.md"


def row(**changed: Any) -> dict[str, Any]:
    known = {"behaviour": "b", "standing": "emulated", "tests": ["t.py::test_b"], "source": "aws"}
    return {name: value for name, value in {**known, **changed}.items() if value is not None}


def read(*rows: dict[str, Any]) -> tuple[Area, ...]:
    area = {"title": "Title", "report": "Short", "row": list(rows)}
    return read_areas({"sources": {"aws": "https://aws"}, "area": [area]})


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (row(tests=None), "emulated with 0 tests"),
        (row(standing="differs", short="b", tests=[]), "differs with 0 tests"),
        (row(standing="not", short="b"), "not with 1 tests"),
        (row(short="b"), "`short`"),
        (row(standing="assumed"), "`short`"),
        (row(source="heard"), "no source 'heard'"),
    ],
)
def test_a_row_that_does_not_hold_together_is_refused(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(EmulationError, match=message):
        read(wrong)


SHOWN = read(
    row(),
    row(behaviour="a | b", standing="differs", short="a bar", here="not c"),
    row(behaviour="d", standing="not", short="no d", tests=None, source=None),
)


def test_a_report_says_how_much_is_emulated_and_names_the_rest() -> None:
    assert report_lines(SHOWN) == (
        "Short: 1 behaviours as on AWS, each tested; differs: a bar; not emulated: no d",
    )


def test_the_tables_show_what_is_tested_and_list_what_is_left_out() -> None:
    assert tables(SHOWN).splitlines() == [
        "## Title",
        "",
        "| behaviour | here | tests |",
        "|---|---|---|",
        '| b ([source](https://aws)) | emulated | [1](../t.py "test_b") |',
        '| a \\| b ([source](https://aws)) | differs: not c | [1](../t.py "test_b") |',
        "",
        "Not emulated:",
        "",
        "- d",
        "",
    ]


def test_the_command_writes_into_the_page_or_prints(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n", encoding="utf-8")

    assert main([str(page)]) == main([]) == 0
    assert page.read_text(encoding="utf-8") == (
        f"before\n{BEGIN}\n\n{capsys.readouterr().out}{END}\nafter\n"
    )


def test_a_page_without_marks_is_left_as_it_is() -> None:
    with pytest.raises(EmulationError, match="lacks its marks"):
        with_tables("nothing", SHOWN)


def test_every_row_of_aws_behaviour_that_is_emulated_says_where_aws_says_so() -> None:
    unsourced: list[Row] = [
        row
        for area in areas()
        for row in area.rows
        if row.standing is Standing.EMULATED and not row.source
    ]

    assert unsourced == []
