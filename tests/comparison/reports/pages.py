"""Pages of synthetic runs, and a reader of their HTML that knows nothing of how they are made."""

import json
from collections import Counter
from dataclasses import dataclass, field, replace
from functools import cache, partial
from html.parser import HTMLParser
from typing import Any

from comparison.latency_log import INTENDED, MEASURED, SENT, WARM_UP, LatencyLog, parse
from comparison.prices import PriceBook
from comparison.records import BlockRecord, RunRecord
from comparison.reports import html_report
from comparison.reports.page.material import Material
from comparison.verdict import compare
from loadtests.histogram_log import Tag, header
from tests.comparison.builders import ec2_block, run, serverless_block, skewed_us
from tests.comparison.price_books import frozen_book
from tests.comparison.reports.hostile import NAME
from tests.loadtests.log_lines import line

METHOD = "# Method\n\nSee [cost](cost.md) and [AWS](https://aws.amazon.com/).\n"
FIDELITY = "# Fidelity\n\n## Lambda\n\n| behaviour | here |\n|---|---|\n| `init` | emulated |\n"
VOID = frozenset({"meta", "link", "input", "br", "hr", "img"})


WARM_UP_SECONDS, BLOCK_SECONDS = 4, 20


def material(
    record: RunRecord | None = None,
    made: list[BlockRecord] | None = None,
    book: PriceBook | None = None,
) -> Material:
    """Of a run in which ec2 is faster and cheaper, unless other records or prices are given."""
    record = record or run()
    made = lively_blocks() if made is None else made
    book = book or frozen_book("eu-central-1")
    return Material(compare(record, made, book), made, book, users_at, METHOD, FIDELITY)


def users_at(second: float) -> int:
    """As a ramp: 50 users more each second, 250 from the fifth on."""
    return min(250, 50 * (int(second) + 1))


def lively_blocks() -> list[BlockRecord]:
    """Three pairs with hits, misses and cold starts, spread over the seconds of each block."""
    made = []
    for pair, factor in enumerate((1.0, 1.04, 0.98)):
        made.append(lively(ec2_block(2 * pair + 1), 1.9 * factor, 9_000))
        made.append(lively(serverless_block(2 * pair + 2), 4.3 * factor, 240_000))
    return made


def lively(block: BlockRecord, median_ms: float, cold_us: int) -> BlockRecord:
    log = seconds_log(median_ms, cold_us)
    measured = log.only(phase=MEASURED, start=SENT).distribution().samples
    load = replace(block.load, latencies=log, measured_requests=measured)
    return replace(block, load=load)


@cache
def seconds_log(median_ms: float, cold_us: int) -> LatencyLog:
    """36 hits and 4 misses a second, which take three times as long; a cold start in the first."""
    text = header(0.0)
    for second in range(BLOCK_SECONDS):
        phase = WARM_UP if second < WARM_UP_SECONDS else MEASURED
        hits = Counter(skewed_us(median_ms * (1 + second / 200), 36))
        misses = Counter(skewed_us(3 * median_ms, 4))
        for start in (SENT, INTENDED):
            tag = partial(Tag, phase, "/customerdata/{id}", "2xx", start=start)
            text += line(tag(cache_state="hit", temperature="warm"), second, hits)
            text += line(tag(cache_state="miss", temperature="warm"), second, misses)
            if not second:
                cold = Counter({cold_us: 1})
                text += line(tag(cache_state="miss", temperature="cold"), second, cold)
    return parse(text, "log")


def hostile_material() -> Material:
    """A run that carries an attack wherever a record holds text."""
    made = [
        replace(
            block,
            load=replace(block.load, failures=1, errors={NAME: 1}),
            cpu_seconds={NAME: 1.0},
        )
        for block in lively_blocks()
    ]
    record = run(
        created_at=NAME,
        profile=NAME,
        emulated=(NAME,),
        versions={NAME: NAME},
        machine={NAME: NAME},
    )
    return material(record, made)


@cache
def finished() -> str:
    return html_report.render(material())


@dataclass
class Element:
    tag: str
    attributes: dict[str, str]
    content: list["Element | str"] = field(default_factory=list)

    def all(self, tag: str, **attributes: str) -> list["Element"]:
        """Every element inside with this tag and these attributes, in the order of the page."""
        own = [self] if self.tag == tag and attributes.items() <= self.attributes.items() else []
        inside = (one for one in self.content if isinstance(one, Element))
        return own + [found for child in inside for found in child.all(tag, **attributes)]

    @property
    def source(self) -> str:
        """All text inside as it stands there."""
        return "".join(one if isinstance(one, str) else one.source for one in self.content)

    @property
    def text(self) -> str:
        """The same with single spaces, as a reader sees it."""
        return " ".join(self.source.split())


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.root = Element("", {})
        self._open = [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs})
        self._open[-1].content.append(element)
        if tag not in VOID:
            self._open.append(element)

    def handle_endtag(self, tag: str) -> None:
        assert self._open[-1].tag == tag, f"</{tag}> closes <{self._open[-1].tag}>"
        self._open.pop()

    def handle_data(self, data: str) -> None:
        self._open[-1].content.append(data)


def parsed(page: str) -> Element:
    """The page as a tree; AssertionError where an element is not closed by its own end."""
    reader = _Reader()
    reader.feed(page)
    reader.close()
    assert len(reader._open) == 1
    return reader.root


def kept_data(page: Element, name: str) -> Any:
    """What a script of the page holds for the other ones."""
    (script,) = page.all("script", id=name)
    return json.loads(script.source)


def report_of(page: str) -> dict[str, Any]:
    """The report.json that the page hands out."""
    found: dict[str, Any] = json.loads(kept_data(parsed(page), "file-0"))
    return found
