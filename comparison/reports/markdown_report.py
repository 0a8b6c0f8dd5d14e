"""The comparison as Markdown for a pull request: the verdict and its tables, the rest folded away.

Only form is made here, from the same tables and sentences as the text report.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from comparison.outcome import Comparison
from comparison.reports.bill_table import bill_table
from comparison.reports.difference_table import difference_table
from comparison.reports.fault_table import EXPLANATION, fault_table, not_injected
from comparison.reports.figure_table import figure_table
from comparison.reports.latency_table import latency_table
from comparison.reports.markdown_text import escaped, sentence, table_lines
from comparison.reports.ranking_table import is_shown, ranking_table
from comparison.reports.sources import sources
from comparison.reports.text_report import break_even_lines
from comparison.thresholds import LimitResult

TITLE: Final = "Server or serverless?"
MARKS: Final = {"broken": "**broken**", "kept": "kept", "unknown": "**not known**"}
_STANDINGS: Final = {"valid": "", "invalid": "**INVALID** ", "incomplete": "**Partial** "}


def render(comparison: Comparison, limits: Sequence[LimitResult] = ()) -> str:
    """The whole page; the same comparison and limits give the same bytes."""
    mark = _STANDINGS[comparison.standing]
    lines = [f"## {TITLE}", "", f"{mark}{sentence(comparison.verdict)}", ""]
    lines += limit_lines(limits)
    if comparison.faults:
        lines += ["### Faults", "", *table_lines(fault_table(comparison)), ""]
        lines += [*_listed(map(sentence, not_injected(comparison))), ""]
        lines += _folded("How to read this", [sentence(EXPLANATION) + "."])
    if is_shown(comparison):
        lines += ["### Which", "", *table_lines(ranking_table(comparison)), ""]
    lines += ["### Latency, ms", "", *table_lines(latency_table(comparison)), ""]
    if len(comparison.run.targets) > 2 and comparison.differences:
        reference = escaped(comparison.run.targets[0])
        lines += [f"### Against {reference}", "", *table_lines(difference_table(comparison)), ""]
    lines += _folded("Measured", table_lines(figure_table(comparison)))
    if comparison.bills:
        lines += _folded("Cost of a month", table_lines(bill_table(comparison)))
    lines += _section("Break-even", map(sentence, break_even_lines(comparison)))
    lines += _section("How far to trust this", _warnings(comparison))
    lines += _folded("Where the numbers come from", _listed(_background(comparison)))
    return "\n".join(lines).rstrip("\n") + "\n"


def limit_lines(limits: Sequence[LimitResult]) -> list[str]:
    """What became of each --fail-if; nothing without one."""
    words = (
        f"{MARKS[result.verdict]}: `{_code(result.limit.text)}`, {sentence(result.words)}"
        for result in limits
    )
    return _section("Limits (--fail-if)", words)


def _code(text: str) -> str:
    """For a code span: --fail-if takes no backtick, but a report must not depend on that."""
    return text.replace("`", "'")


def _section(title: str, texts: Iterable[str]) -> list[str]:
    listed = _listed(texts)
    return [f"### {title}", "", *listed, ""] if listed else []


def _listed(texts: Iterable[str]) -> list[str]:
    return [f"- {text}" for text in texts]


def _folded(title: str, lines: Sequence[str]) -> list[str]:
    return [f"<details><summary>{title}</summary>", "", *lines, "", "</details>", ""]


def _warnings(comparison: Comparison) -> Iterator[str]:
    for warning in comparison.warnings:
        advice = sentence(warning.advice)
        yield f"**{escaped(warning.level)}**: {sentence(warning.message)}. {advice}"


def _background(comparison: Comparison) -> Iterator[str]:
    for text in comparison.run.emulated:
        yield f"**emulated**: {escaped(text)}"
    if comparison.bills:
        for text in comparison.left_out:
            yield f"**not in the bill**: {sentence(text)}"
    for term, text in sources(comparison):
        yield f"**{escaped(term)}**: {sentence(text)}"
