"""The answers of ./compare.py cost as a page of text and as JSON; only form is made here."""

import json
from collections.abc import Iterable, Iterator, Mapping

from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from comparison.architectures import LEFT_OUT
from comparison.break_even import BreakEven
from comparison.cost import Bill, LineItem
from comparison.cost_answers import CostAnswers, Crossing
from comparison.numbers import ABSENT, three_digits, usd
from comparison.prices import CONFIDENCES, PriceBook
from comparison.reports.bill_table import TOTALS, bills_table, calculation
from comparison.reports.json_report import plain_value
from comparison.reports.plain_text import printable
from comparison.reports.text_report import NARROWEST, make_console

FORMAT = 1
"""Of the JSON; raised when a field changes its meaning or goes away."""
COLUMNS_WIDTH, FIRST_COLUMNS_WIDTH = 12, 56
"""Of one bill's column, and of the two columns before the first."""


def render_answers_json(answers: CostAnswers) -> str:
    """Stable JSON text: fields as in CostAnswers, Decimal as text."""
    return _json(plain_value(answers))


def render_bill_json(bill: Bill, book: PriceBook, *, free_tier: bool) -> str:
    """Stable JSON text of a bill from typed quantities, which nothing in it is growing by."""
    page = {
        "region": book.region,
        "price_book": book.name,
        "free_tier": free_tier,
        "requests_per_month": bill.requests_per_month,
        # Every quantity was given: which of them grow is not known here.
        "items": [
            {name: value for name, value in plain_value(item).items() if name != "basis"}
            for item in bill.items
        ],
        "missing": bill.missing,
        "total_usd": bill.total_usd,
        "unrounded_usd": bill.unrounded_usd,
        "usd_per_million_requests": bill.usd_per_million_requests,
    }
    # plain_value() sorts mappings by key; a reader wants the lines before their total.
    return _json({name: plain_value(value) for name, value in page.items()})


def _json(page: Mapping[str, object]) -> str:
    return json.dumps({"format": FORMAT, **page}, indent=2, allow_nan=False) + "\n"


def render_bill(bill: Bill, region: str, width: int, *, explain: bool, colour: bool = False) -> str:
    """A bill from typed quantities."""
    heading = f"{bill.requests_per_month:,} requests" if bill.requests_per_month else "a month"
    content: list[RenderableType] = [
        Text(f"A month in {region}", style="bold"),
        _indented(bills_table({"amount": bill}, heading, TOTALS[-2:])),
        *_sections([("Unknown", bill.missing), ("Prices *", _doubted([bill]))]),
    ]
    if explain:
        content += _sections([("Line by line", _explained(bill))])
    return _print(content, width, colour=colour)


def render_answers(answers: CostAnswers, width: int, *, explain: bool, colour: bool = False) -> str:
    """Bills side by side, then what follows from them."""
    bills = [side.bill for side in answers.sides]
    variants = [side for side in answers.sides if side.variant_of is not None]
    content: list[RenderableType] = [
        Text(_title(answers), style="bold"),
        *(_indented(table) for table in _tables(answers, max(width, NARROWEST))),
        *_sections(
            [
                ("Unknown", dict.fromkeys(reason for bill in bills for reason in bill.missing)),
                ("One request", _usage(answers)),
                ("A million requests more", _marginal(answers)),
                ("Instances", _instances(answers)),
                (f"SLO {answers.slo}", _slo(answers)),
                ("Break-even", (_crossing(one) for one in answers.crossings)),
            ]
        ),
        *(
            [Text("\nWhat if", style="bold cyan"), _indented(_what_ifs(answers))]
            if variants
            else []
        ),
        *_sections([("", _notes(answers))]),
        Text("\nTotal per month by rate, $", style="bold cyan"),
        _indented(_curve(answers)),
        *_sections([("Not in the bill", LEFT_OUT), ("Prices *", _doubted(bills))]),
    ]
    if explain:
        for bill in bills:
            content += _sections([(f"{bill.side}, line by line", _explained(bill))])
    return _print(content, width, colour=colour)


def _title(answers: CostAnswers) -> str:
    free = ", free tier used" if answers.free_tier else ""
    return (
        f"{three_digits(answers.rate)} requests/s on average ({answers.shape}),"
        f" {answers.hours.normalize():f} h = {answers.requests_per_month:,} requests a month,"
        f" {answers.region}{free}"
    )


def _tables(answers: CostAnswers, width: int) -> Iterator[Table]:
    """As many bills beside each other as the terminal has room for, two at least."""
    columns = {side.side: side.bill for side in answers.sides if side.variant_of is None}
    beside = max(2, (width - FIRST_COLUMNS_WIDTH) // COLUMNS_WIDTH)
    names = list(columns)
    for start in range(0, len(names), beside):
        chosen: Mapping[str, Bill] = {name: columns[name] for name in names[start : start + beside]}
        yield bills_table(chosen, f"at {three_digits(answers.rate)} requests/s")


def _usage(answers: CostAnswers) -> Iterator[str]:
    """What the growing quantities are made from."""
    for side in answers.sides:
        usage = side.usage
        if usage is not None:
            cold = f", {usage.cold_share:.2%} cold starts" if usage.cold_share else ""
            yield (
                f"{side.side}: {usage.cpu_ms} ms of CPU, {usage.database_cpu_ms} ms of the"
                f" database's, {usage.response_bytes} + {usage.header_bytes} bytes,"
                f" {usage.new_connections} new connections{cold}"
            )


def _marginal(answers: CostAnswers) -> Iterator[str]:
    for side in answers.sides:
        if side.bill.marginal_usd_per_million is not None:
            yield f"{side.side}: ${usd(side.bill.marginal_usd_per_million)}"


def _instances(answers: CostAnswers) -> Iterator[str]:
    for side in answers.sides:
        if side.instances is not None:
            carried = side.slo.rate_per_instance if side.slo else None
            each = f", each carries {three_digits(carried)} requests/s" if carried else ""
            yield f"{side.side}: {side.instances:,}{each}"


def _slo(answers: CostAnswers) -> Iterator[str]:
    for side in answers.sides:
        if side.slo is None:
            continue
        if side.slo.holds is None:
            yield f"{side.side}: not measured; the instances are planned by their CPU alone"
            continue
        measured = f"measured {three_digits(side.slo.measured_ms)} ms"
        if not side.slo.holds:
            yield f"{side.side}: NOT held ({measured}); its bill buys no SLO"
            continue
        total = side.bill.total_usd
        price = "" if total is None else f", for ${usd(total)} a month"
        yield f"{side.side}: held ({measured}){price}"


def _crossing(crossing: Crossing) -> str:
    names = f"{crossing.first} and {crossing.second}"
    result = crossing.result
    text = f"{names}: {_where(result)}"
    if crossing.at_fewest_billed_ms and crossing.at_most_billed_ms and result.rates:
        ends = [
            [three_digits(rate) for rate in one.rates] or ["none"]
            for one in (crossing.at_most_billed_ms, crossing.at_fewest_billed_ms)
        ]
        low, high = (", ".join(end) for end in ends)
        text += f" [{low} to {high} from the spread of the billed ms]"
    if result.stopped_by:
        text += f"; not searched above: {result.stopped_by}"
    return text


def _where(result: BreakEven) -> str:
    if result.cheaper_at_first is None:
        return "the same at every rate"
    if not result.rates:
        searched = three_digits(result.searched_to)
        return f"none, {result.cheaper_at_first} is cheaper up to {searched} requests/s"
    rates = ", ".join(three_digits(rate) for rate in result.rates)
    return f"equal at {rates} requests/s, {result.cheaper_at_first} is cheaper below"


def _what_ifs(answers: CostAnswers) -> Table:
    """A row for each variant; its lines are in the JSON, and shown with --explain."""
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False)
    table.add_column("$ per month")
    for label in ("fixed", "grows", "total", "per million", "change"):
        table.add_column(label, justify="right", no_wrap=True)
    totals = {side.side: side.bill.total_usd for side in answers.sides}
    for side in answers.sides:
        bill = side.bill
        before = totals[side.variant_of] if side.variant_of else None
        change = ABSENT
        if before is not None and bill.total_usd is not None:
            change = f"{bill.total_usd - before:+,.2f}" if side.variant_of else ""
        table.add_row(
            Text(printable(side.side)),
            usd(bill.fixed_usd),
            usd(bill.per_request_usd),
            usd(bill.total_usd),
            usd(bill.usd_per_million_requests),
            change if side.variant_of else "",
        )
    return table


def _notes(answers: CostAnswers) -> Iterator[str]:
    for side in answers.sides:
        if side.note:
            yield f"{side.side}: {side.note}"


def _curve(answers: CostAnswers) -> Table:
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False)
    table.add_column("requests/s", justify="right")
    names = [side.side for side in answers.sides if side.variant_of is None]
    for name in names:
        table.add_column(Text(printable(name)), justify="right")
    table.add_column("cheapest")
    for point in answers.curve:
        totals = (usd(point.total_usd[name]) for name in names)
        table.add_row(f"{point.rate:,f}", *totals, Text(printable(point.cheapest or ABSENT)))
    return table


def _doubted(bills: Iterable[Bill]) -> Iterator[str]:
    items = {item.price_id: item for bill in bills for item in bill.items}
    for item in items.values():
        if not item.price_is_sure:
            date = f" {item.price_as_of}" if item.price_as_of else ""
            yield f"{item.price_id}{date}: {CONFIDENCES[item.price_confidence]}"


def _explained(bill: Bill) -> Iterator[str]:
    """Each line so that a reader can redo it, and find its price."""
    for item in bill.items:
        sums = " + ".join(calculation(item).plain.splitlines())
        amount = "unknown" if item.amount_usd is None else f"${usd(item.amount_usd)}"
        yield f"{item.component} {item.what}: {sums} = {amount}".strip()
        yield f"  quantity: {item.quantity.normalize():f} {item.unit}; {item.reason}"
        yield f"  price: {_source(item)}"


def _source(item: LineItem) -> str:
    factor = "" if item.price_factor == 1 else f" x {item.price_factor}"
    note = f"; {item.price_note}" if item.price_note else ""
    return f"{item.price_id}{factor}, {item.price_as_of or 'undated'}, {item.price_source}{note}"


def _sections(sections: Iterable[tuple[str, Iterable[str]]]) -> list[RenderableType]:
    """Title and lines of each section that has any."""
    shown: list[RenderableType] = []
    for title, texts in sections:
        lines = [Padding(Text(printable(text)), (0, 0, 0, 1)) for text in texts]
        if lines:
            shown += [Text(f"\n{title}" if title else "", style="bold cyan"), *lines]
    return shown


def _indented(content: RenderableType) -> RenderableType:
    return Padding(content, (1, 0, 0, 1))


def _print(content: Iterable[RenderableType], width: int, *, colour: bool) -> str:
    console = make_console(max(width, NARROWEST), colour=colour)
    with console.capture() as captured:
        console.print(Group(*content))
    return "\n".join(line.rstrip() for line in captured.get().splitlines()) + "\n"
