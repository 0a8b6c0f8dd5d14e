import re

import pytest

from comparison.figures import figures_of
from comparison.outcome import Comparison
from comparison.reports import markdown_report
from comparison.reports.markdown_text import escaped
from comparison.thresholds import judge, parse_limit
from tests.comparison.gold import assert_gold
from tests.comparison.reports.hostile import hostile_comparison
from tests.comparison.reports.test_text_report import four, invalid, judged, partial


def test_a_finished_run_reads_as_kept() -> None:
    assert_gold("comparison.md", markdown_report.render(judged()))


def test_an_interrupted_run_reads_as_kept() -> None:
    assert_gold("comparison-partial.md", markdown_report.render(partial()))


def test_an_invalid_run_says_so_before_anything_else() -> None:
    assert markdown_report.render(invalid()).splitlines()[2].startswith("**INVALID** ")


def test_each_limit_says_what_became_of_it() -> None:
    comparison = judged()
    limits = map(parse_limit, ["ec2.p95_ms > 1", "ec2.p95_ms > 10", "ec2.p99.99_ms > 1"])

    page = markdown_report.render(comparison, judge(limits, figures_of(comparison)))

    assert "- **broken**: `ec2.p95_ms > 1`, ec2.p95\\_ms is 3.40 ms \\[" in page
    assert "- kept: `ec2.p95_ms > 10`" in page
    assert "- **not known**: `ec2.p99.99_ms > 1`" in page


@pytest.mark.parametrize(("comparison", "count"), [(judged(), 3), (four(), 5)])
def test_every_row_of_a_table_has_as_many_cells_as_its_header(
    comparison: Comparison, count: int
) -> None:
    tables = re.findall(r"(?:^\|.*\n)+", markdown_report.render(comparison), re.MULTILINE)

    assert len(tables) == count
    for table in tables:
        assert len({len(re.findall(r"(?<!\\)\|", row)) for row in table.splitlines()}) == 1


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("<script>", r"\<script\>"),
        ("a|b", r"a\|b"),
        ("[x](http://y)", r"\[x\](http:<!-- -->//y)"),
        ("www.evil.example", "w<!-- -->ww.evil.example"),
        ("@team", "@<!-- -->team"),
        ("# title", r"\# title"),
        ("- point", r"\- point"),
        ("1. point", r"1\. point"),
        ("---", r"\---"),
        ("1.91 ms", "1.91 ms"),
        ("-1.91 ms", "-1.91 ms"),
        ("a\nb\x1b", r"a\\nb\\x1b"),
        ("&lt; `x` *y* _z_ ~w~ $m$", r"\&lt; \`x\` \*y\* \_z\_ \~w\~ \$m\$"),
    ],
)
def test_text_is_never_read_as_markup(text: str, safe: str) -> None:
    assert escaped(text) == safe


def test_a_hostile_name_stays_text() -> None:
    page = markdown_report.render(hostile_comparison())

    assert all(char.isprintable() or char == "\n" for char in page)
    assert not re.search(r"(?<!\\)<script", page)
    assert "http://" not in page
    assert "@everyone" not in page
    assert not re.search(r"^#+ title", page, re.MULTILINE)
    assert "\\<script\\>alert(1)" in page
