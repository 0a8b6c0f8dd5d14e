"""The table of cost lines: quantity x unit price = amount, all sides next to each other."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from comparison.cost import Bill, LineItem
from comparison.numbers import ABSENT, three_digits, unit_usd, usd
from comparison.outcome import Comparison
from comparison.reports.figure_table import SIDE_STYLES
from comparison.reports.plain_text import printable

UNITS = {
    "hour": "h",
    "vCPU-hour": "vCPU-h",
    "GB-second": "GB-s",
    "GB-month": "GB",
    "request": "",
    "request of up to 512 KB": "",
    "API call": "",
    "LCU-hour": "LCU-h",
    "GB in each direction": "GB",
    "hour per zone": "zone-h",
    "secret-month": "",
}
"""Units of the price book -> how the line shows them; others as they are."""
SMALL_USD = Decimal("0.00001")
"""Unit prices below this are shown per million."""
WHOLE_FROM = 1000
"""Quantities from here on are shown without decimals, which move no line by a cent."""
UNSURE = "*"
TOTALS = (
    ("fixed", "fixed_usd", ""),
    ("grows with requests", "per_request_usd", ""),
    ("total per month", "total_usd", "bold"),
    ("per million requests", "usd_per_million_requests", "bold"),
)
"""Label, field of Bill, style."""


def bill_table(comparison: Comparison, *, calculations: bool = True) -> Table:
    """All sides of a comparison; one that was not measured has an empty column."""
    bills = {bill.side: bill for bill in comparison.bills}
    return bills_table(
        {side: bills.get(side) for side in comparison.run.targets},
        f"at {three_digits(comparison.rate)} requests/s",
        calculations=calculations,
    )


def bills_table(
    bills: Mapping[str, Bill | None],
    heading: str,
    totals: Sequence[tuple[str, str, str]] = TOTALS,
    *,
    calculations: bool = True,
) -> Table:
    """One row per priced part, one column per bill; a part that several have stands once.

    Without calculations also where they have different quantities of it.
    """
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False)
    table.add_column(heading, no_wrap=True)
    if calculations:
        table.add_column("quantity x unit price, $", justify="right")
    for side in bills:
        table.add_column(
            Text(printable(side)),
            justify="right",
            no_wrap=side in SIDE_STYLES,
            header_style=SIDE_STYLES.get(side, ""),
        )
    own = {side: _by_row(bill, calculations=calculations) for side, bill in bills.items() if bill}
    merged = {key: items[0] for rows in own.values() for key, items in rows.items()}
    for key, item in merged.items():
        amounts = (_amount(own.get(side, {}).get(key, [])) for side in bills)
        table.add_row(
            _cell(f"{item.component} {item.what}".strip()),
            *((calculation(item),) if calculations else ()),
            *map(_cell, amounts),
        )
    table.add_section()
    for label, field, style in totals:
        cells = (usd(getattr(bill, field)) if bill else ABSENT for bill in bills.values())
        table.add_row(
            _cell(label), *(("",) if calculations else ()), *map(_cell, cells), style=style
        )
    return table


def _by_row(
    bill: Bill, *, calculations: bool
) -> dict[tuple[str, str, Decimal | None], list[LineItem]]:
    rows: dict[tuple[str, str, Decimal | None], list[LineItem]] = {}
    for item in bill.items:
        key = item.component, item.what, item.quantity if calculations else None
        rows.setdefault(key, []).append(item)
    return rows


def _amount(items: Sequence[LineItem]) -> str:
    if not items:
        return ""
    amounts = [item.amount_usd for item in items if item.amount_usd is not None]
    return usd(sum(amounts, Decimal(0))) if len(amounts) == len(items) else "unknown"


def _cell(text: str) -> Text:
    return Text(printable(text))


def calculation(item: LineItem) -> Text:
    """Quantity x unit price, a line for each tier."""
    mark = "" if item.price_is_sure else UNSURE
    unit = UNITS.get(item.unit, item.unit)
    if not item.tiers:
        return _cell(f"{_quantity(item.quantity, unit)} x unknown")
    lines = (
        f"{_quantity(tier.quantity, unit)} x {_unit_price(tier.unit_usd)}{mark}"
        for tier in item.tiers
    )
    return Text("\n").join(_cell(line) for line in lines)


def _quantity(quantity: Decimal, unit: str) -> str:
    whole = quantity == quantity.to_integral() or quantity >= WHOLE_FROM
    digits = f"{quantity:,.0f}" if whole else f"{quantity:,.2f}"
    return f"{digits} {unit}".rstrip()


def _unit_price(amount: Decimal) -> str:
    if amount < SMALL_USD:
        return f"${unit_usd(amount * 1_000_000)}/million"
    return f"${unit_usd(amount)}"
