"""What of AWS is emulated, differs, is assumed or is left out: one row each, as data.

The rows stand in fidelity.toml. docs/fidelity.md's tables and the lines of a report are made from
them here, and tests/emulation/test_fidelity.py sees to it that each test that a row names exists.

    python -m emulation.fidelity docs/fidelity.md

writes the tables anew, between the two marks in that file; without a file it prints them.
"""

import enum
import sys
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from emulation.errors import EmulationError

BEGIN = "<!-- begin: python -m emulation.fidelity docs/fidelity.md -->"
END = "<!-- end -->"
_DATA = Path(__file__).with_name("fidelity.toml")


class Standing(enum.StrEnum):
    """How a behaviour here relates to AWS."""

    EMULATED = "emulated"
    DIFFERS = "differs"
    ASSUMED = "assumed"
    """Emulated without a word of AWS's or a recording to go by."""
    NOT = "not"


@dataclass(frozen=True, slots=True)
class Row:
    """One behaviour of AWS."""

    behaviour: str
    standing: Standing
    short: str
    """A few words for a report; empty if emulated."""
    here: str
    """What to know of it here; may be empty."""
    source: str
    """Address of where AWS, or who saw it there, says so; may be empty."""
    tests: tuple[str, ...]
    """Ids for pytest; none only if it is not emulated."""


@dataclass(frozen=True, slots=True)
class Area:
    """The behaviours of one service."""

    title: str
    report: str
    """What it is called in a report."""
    rows: tuple[Row, ...]


@cache
def areas() -> tuple[Area, ...]:
    """All of fidelity.toml; raises EmulationError for a row that does not hold together."""
    return read_areas(tomllib.loads(_DATA.read_text(encoding="utf-8")))


def read_areas(data: Mapping[str, Any]) -> tuple[Area, ...]:
    """Understand the file: `sources`, and a list of areas with their rows."""
    sources = data["sources"]
    return tuple(
        Area(area["title"], area["report"], tuple(_row(row, sources) for row in area["row"]))
        for area in data["area"]
    )


def _row(row: Mapping[str, Any], sources: Mapping[str, str]) -> Row:
    where = f"fidelity.toml: {row['behaviour']!r}"
    standing = Standing(row["standing"])
    tests = tuple(row.get("tests", ()))
    source = row.get("source")
    if (standing is Standing.NOT) != (not tests):
        raise EmulationError(f"{where}: {standing} with {len(tests)} tests")
    if (standing is Standing.EMULATED) != ("short" not in row):
        raise EmulationError(f"{where}: `short` belongs to what is not as on AWS, and only there")
    if source is not None and source not in sources:
        raise EmulationError(f"{where}: no source {source!r} under [sources]")
    return Row(
        row["behaviour"],
        standing,
        row.get("short", ""),
        row.get("here", ""),
        sources[source] if source else "",
        tests,
    )


def report_lines(shown: Sequence[Area]) -> tuple[str, ...]:
    """One line per area for a report: how much is as on AWS, and what is not."""
    return tuple(_report_line(area) for area in shown)


def _report_line(area: Area) -> str:
    emulated = sum(row.standing is Standing.EMULATED for row in area.rows)
    parts = [f"{emulated} behaviours as on AWS, each tested"] if emulated else []
    for standing, words in (
        (Standing.DIFFERS, "differs"),
        (Standing.ASSUMED, "assumed"),
        (Standing.NOT, "not emulated"),
    ):
        named = [row.short for row in area.rows if row.standing is standing]
        if named:
            parts.append(f"{words}: {', '.join(named)}")
    return f"{area.report}: {'; '.join(parts)}"


def tables(shown: Sequence[Area]) -> str:
    """Write all areas in Markdown: a table of what has a test, a list of what is left out."""
    return "".join(f"{line}\n" for area in shown for line in _table(area))


def _table(area: Area) -> Iterator[str]:
    yield from (f"## {area.title}", "", "| behaviour | here | tests |", "|---|---|---|")
    for row in area.rows:
        if row.standing is not Standing.NOT:
            yield f"| {_behaviour(row)} | {_standing(row)} | {_tests(row)} |"
    yield ""
    left_out = [row for row in area.rows if row.standing is Standing.NOT]
    if left_out:
        yield from ("Not emulated:", "")
        for row in left_out:
            yield f"- {_behaviour(row)}{': ' + row.here if row.here else ''}"
        yield ""


def _behaviour(row: Row) -> str:
    text = row.behaviour.replace("|", "\\|")
    return f"{text} ([source]({row.source}))" if row.source else text


def _standing(row: Row) -> str:
    here = row.here.replace("|", "\\|")
    return f"{row.standing}: {here}" if here else str(row.standing)


def _tests(row: Row) -> str:
    links = []
    for number, test in enumerate(row.tests, 1):
        file, _, name = test.partition("::")
        links.append(f'[{number}](../{file} "{name}")')
    return " ".join(links)


def with_tables(page: str, shown: Sequence[Area]) -> str:
    """`page` with what is between its two marks written anew."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise EmulationError(f"the page lacks its marks: {BEGIN} and {END}")
    return f"{before}{begin}\n\n{tables(shown)}{end}{after}"


def main(arguments: Sequence[str]) -> int:
    """Print the tables, or write them into the named page."""
    if not arguments:
        sys.stdout.write(tables(areas()))
        return 0
    page = Path(arguments[0])
    page.write_text(with_tables(page.read_text(encoding="utf-8"), areas()), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
