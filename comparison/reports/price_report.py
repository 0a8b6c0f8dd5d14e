"""The price book for a reader: what each price is, how it was found, and what a refresh changes."""

import io
import json
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from comparison.numbers import ABSENT, unit_usd
from comparison.price_refresh import Refresh, TierChange
from comparison.prices import CONFIDENCES, Price, PriceBook, Tier, is_sure
from comparison.reports.plain_text import printable
from comparison.reports.text_report import NARROWEST, make_console

FORMAT = 1
"""Of the JSON; raised when a field changes its meaning or goes away."""
UNSURE = "*"
UNKNOWN = "unknown"
UNITS = {
    "hour": "h",
    "hour per zone": "zone-h",
    "vCPU-hour": "vCPU-h",
    "LCU-hour": "LCU-h",
    "GB-second": "GB-s",
    "GB-month": "GB-mo",
    "GB in each direction": "GB each way",
    "request": "req.",
    "request of up to 512 KB": "512 KB req.",
    "secret-month": "secret",
}
"""Units of the price book -> how the table shows them; others as they are."""


def selected(book: PriceBook, words: Sequence[str]) -> tuple[Price, ...]:
    """The prices whose id or confidence holds every word, in the book's order."""
    return tuple(
        price
        for price in book.prices.values()
        if all(word.lower() in f"{price.id} {price.confidence}" for word in words)
    )


def render_prices(
    book: PriceBook, prices: Sequence[Price], width: int = NARROWEST, *, colour: bool = False
) -> str:
    """A table of the prices, then the sources that it refers to by number, then the notes."""
    sources = _numbered(_source(price) for price in prices)
    meanings = {price.confidence: CONFIDENCES[price.confidence] for price in prices}
    doubt = {UNSURE: "not from AWS's own list, or not for this region"}
    parts: list[RenderableType] = [
        Text(printable(f"{book.region}, USD, from {book.name}"), style="bold"),
        _price_table(prices, sources),
        Text(""),
        _explained({**doubt, **dict(sorted(meanings.items()))}),
        Text(""),
        _explained({f"[{number}]": source for source, number in sources.items()}),
    ]
    for note, ids in _noted(prices).items():
        parts += [Text(""), _cell(ids), Padding(_cell(note), (0, 0, 0, 2))]
    return _print(Group(*parts), width, colour=colour)


def render_json(book: PriceBook, prices: Iterable[Price]) -> str:
    """The same for programs: money and limits as text, so that no digit is lost."""
    page = {
        "format": FORMAT,
        "region": book.region,
        "currency": "USD",
        "price_book": book.name,
        "prices": [
            {
                "id": price.id,
                "unit": price.unit,
                "tiers": [_tier_fields(tier) for tier in price.tiers],
                "as_of": price.as_of,
                "confidence": price.confidence,
                "confidence_meaning": CONFIDENCES[price.confidence],
                "is_sure": is_sure(price, len(price.tiers)),
                "source": price.source,
                "note": price.note,
            }
            for price in prices
        ],
    }
    return json.dumps(page, indent=2) + "\n"


def render_refresh(refresh: Refresh, width: int = NARROWEST, *, colour: bool = False) -> str:
    """What a refresh found, what it would change (old -> new, percent), and what it keeps."""
    same = f"{refresh.found} of {len(refresh.book.prices)} prices found in AWS's price list"
    parts: list[RenderableType] = [Text(same, style="bold")]
    if refresh.changes:
        parts.append(_change_table(refresh.changes))
    else:
        parts.append(Text("none of them differs from the book; their date and source are new"))
    if refresh.kept:
        parts.append(Text(f"\n{len(refresh.kept)} not found, kept as they are", style="bold"))
        parts.append(_explained(refresh.kept))
    return _print(Group(*parts), width, colour=colour)


def _print(content: RenderableType, width: int, *, colour: bool) -> str:
    console = make_console(max(width, NARROWEST), colour=colour)
    console.print(content)
    text = console.file.getvalue() if isinstance(console.file, io.StringIO) else ""
    return "\n".join(line.rstrip() for line in text.rstrip().splitlines()) + "\n"


def _price_table(prices: Iterable[Price], sources: dict[str, int]) -> Table:
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("price", no_wrap=True)
    table.add_column("$", justify="right", no_wrap=True)
    table.add_column("per", overflow="fold")
    table.add_column("how found", no_wrap=True)
    table.add_column("", justify="right", no_wrap=True)
    for price in prices:
        above = (f"\n  above {tier.start:,f}" for tier in price.tiers[1:])
        amounts = (_amount(price, position) for position in range(len(price.tiers)))
        table.add_row(
            _cell(price.id) + Text("".join(above)),
            Text("\n".join(amounts)),
            _cell(UNITS.get(price.unit, price.unit)),
            _cell(price.confidence),
            f"[{sources[_source(price)]}]",
        )
    return table


def _change_table(changes: Iterable[TierChange]) -> Table:
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("price", no_wrap=True)
    for heading in ("old $", "new $", "%"):
        table.add_column(heading, justify="right", no_wrap=True)
    for change in changes:
        above = f"\n  above {change.start:,f}" if change.start else ""
        table.add_row(
            _cell(change.price_id) + Text(above),
            _shown(change.old_usd),
            _shown(change.new_usd),
            ABSENT if change.percent is None else f"{change.percent:+.1f}",
        )
    return table


def _amount(price: Price, position: int) -> str:
    usd = price.tiers[position].usd
    mark = " " if usd is None or is_sure(price, position + 1) else UNSURE
    return f"{_shown(usd)}{mark}"


def _shown(usd: Decimal | None) -> str:
    return UNKNOWN if usd is None else unit_usd(usd)


def _source(price: Price) -> str:
    return f"{price.as_of}: {price.source}" if price.as_of else price.source


def _numbered(texts: Iterable[str]) -> dict[str, int]:
    return {text: number for number, text in enumerate(dict.fromkeys(texts), start=1)}


def _explained(entries: Mapping[str, str]) -> Table:
    """Names, and beside each what is said of it."""
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for name, text in entries.items():
        table.add_row(_cell(name), _cell(text))
    return table


def _noted(prices: Iterable[Price]) -> dict[str, str]:
    """Note -> the ids of the prices that have it."""
    notes: dict[str, list[str]] = {}
    for price in prices:
        if price.note:
            notes.setdefault(price.note, []).append(price.id)
    return {note: ", ".join(ids) for note, ids in notes.items()}


def _cell(text: str) -> Text:
    return Text(printable(text))


def _tier_fields(tier: Tier) -> dict[str, str | bool | None]:
    fields = {"from": tier.start, "to": tier.end, "usd": tier.usd}
    texts = {
        name: None if value is None else f"{value.normalize():f}" for name, value in fields.items()
    }
    return {**texts, "assumed": tier.assumed}
