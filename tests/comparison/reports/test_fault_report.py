"""A run with faults in every form of report: the table of faults, and no other comparison."""

from dataclasses import replace

import pytest

from comparison.outcome import Comparison
from comparison.records import FaultRecord, InjectedFault
from comparison.reports import json_report, markdown_report, text_report
from comparison.verdict import compare
from tests.comparison import builders
from tests.comparison.price_books import frozen_book
from tests.comparison.test_fault_effects import BYPASS, FAILED, log

FAULTS = (
    FaultRecord("cache-down", at_seconds=6, seconds=2, delay_ms=0, loss_percent=0),
    FaultRecord("proxy-down", at_seconds=12, seconds=2, delay_ms=0, loss_percent=0),
)
NO_PROXY = "ec2 has no RDS Proxy"


@pytest.fixture(scope="module")
def judged() -> Comparison:
    """Three pairs: the cache's fault costs time, the proxy's 10 requests and those of a second."""
    cache = InjectedFault("cache-down", 6.0, 8.0, None)
    proxy = InjectedFault("proxy-down", 12.0, 14.0, None)
    ec2 = builders.load((1000,), latencies=log({6: [BYPASS], 7: [BYPASS], 8: [BYPASS]}))
    serverless = builders.load((1000,), latencies=log({13: [FAILED], 14: [FAILED], 15: [FAILED]}))
    blocks = []
    for first in (1, 3, 5):
        unfit = InjectedFault("proxy-down", None, None, NO_PROXY)
        blocks.append(builders.ec2_block(first, load=ec2, faults=(cache, unfit)))
        blocks.append(builders.serverless_block(first + 1, load=serverless, faults=(cache, proxy)))
    run = builders.run(faults=FAULTS, block_seconds=20.0, warm_up_seconds=2.0, users=0, rate=50.0)
    return compare(run, blocks, frozen_book("eu-central-1"))


def test_the_verdict_says_what_faults_cost_and_compares_nothing_else(judged: Comparison) -> None:
    assert judged.verdict.startswith(
        "Of 1 kind of fault on ec2, 1 cost no request; it was well again at most 1.0 s after each."
        " Of 2 kinds of fault on serverless, 1 cost no request; it was well again at most 2.0 s"
    )
    assert (judged.differences, judged.break_evens, judged.ranking) == ((), (), None)


def test_the_warning_says_that_every_other_figure_includes_faults(judged: Comparison) -> None:
    warning = next(one for one in judged.warnings if one.code == "faults")

    assert warning.message.startswith("in 4 of the 20 s of each block something was made to fail")
    assert "failures" not in {one.code for one in judged.warnings}


def test_the_text_has_a_row_per_fault_and_side(judged: Comparison) -> None:
    lines = text_report.render(judged).splitlines()
    start = lines.index("Faults")
    rows = [line.split() for line in lines[start + 3 : start + 10]]

    assert rows[0] == ["cache-down", "6-8", "s"]
    assert rows[1][:6] == ["ec2", "0", "of", "540", "1.0", "±0.0"]
    assert rows[4] == ["ec2", "-", "-", "-", "-", "-", "-"]
    assert rows[5][:4] == ["serverless", "60", "of", "510"]
    assert rows[6][0] == "+30"
    assert f"proxy-down: {NO_PROXY}" in text_report.render(judged)


def test_no_line_of_it_is_too_wide_and_no_cell_cut(judged: Comparison) -> None:
    text = text_report.render(judged)

    assert max(map(len, text.splitlines())) <= 80
    assert "…" not in text


def test_markdown_and_json_hold_the_same(judged: Comparison) -> None:
    assert "### Faults" in markdown_report.render(judged)
    assert '"not_applicable": "ec2 has no RDS Proxy"' in json_report.render(judged)


def test_a_fault_that_a_side_does_not_get_over_is_said(judged: Comparison) -> None:
    effect = replace(judged.faults[0], not_recovered=1, recovered_seconds=None)
    changed = replace(judged, faults=(effect, *judged.faults[1:]))

    assert " no " in text_report.render(changed).splitlines()[9]
