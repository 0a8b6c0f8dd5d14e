"""Says of every number on the page whether it was measured, emulated, computed or looked up."""

from collections.abc import Iterator

from comparison.billing.parts import HOURS_PER_MONTH
from comparison.cost import LineItem
from comparison.numbers import share, three_digits
from comparison.outcome import Comparison
from comparison.prices import CONFIDENCES
from comparison.records import RunRecord
from comparison.reports.plain_text import plain
from comparison.significance import ALPHA, CONFIDENCE_PERCENT, MINIMUM_PAIRS, SEQUENTIAL_ALPHA

MEASURED = (
    "requests, rates, failures, cache hits and latencies of successful requests to the last byte,"
    " by the load generator, counted from when each was sent and from when it was due; CPU times by"
    " the operating system, whole blocks; measured windows begin after the warm-up"
)
COMPUTED = (
    f"percentiles of all blocks (nearest rank); ± and brackets: {CONFIDENCE_PERCENT} % intervals"
    f" with the block as unit, from {MINIMUM_PAIRS} blocks on, ± its longer side; difference"
    " and ratio: paired block bootstrap with Student's t; p: of no difference, corrected for the"
    f" number of rows (Holm); ~ where p is above {ALPHA:g}, so nothing is claimed"
)


def sources(comparison: Comparison) -> list[tuple[str, str]]:
    """(kind of number, sentence) in the order of the page."""
    entries = [("measured", MEASURED), ("computed", COMPUTED)]
    entries += _method(comparison)
    if any(side.serverless for side in comparison.sides):
        on = "emulated Lambda on this machine" if comparison.run.emulated else "AWS's REPORT lines"
        entries.insert(1, ("billed ms", f"{on}; init and cold starts likewise"))
    if comparison.bills:
        entries += _prices(comparison)
    entries.append(("run", _provenance(comparison)))
    return entries


def _method(comparison: Comparison) -> list[tuple[str, str]]:
    """What this run's intervals have that others have not."""
    run = comparison.run
    entries = []
    if run.generator is not None:
        errors = ", ".join(
            f"{three_digits(error_ms)} ms at p{percent}"
            for percent, error_ms in run.generator.error_ms.items()
        )
        entries.append(
            ("generator", f"itself adds {errors} (against an echo); in every interval of a latency")
        )
    if run.until_ci_percent is not None:
        stopped = (
            f"when the differences of p50 and p95 were known to {run.until_ci_percent:g} %: for"
            f" that intervals are made for {1 - SEQUENTIAL_ALPHA:.0%}, not {CONFIDENCE_PERCENT} %"
        )
        entries.append(("stopped", stopped))
    return entries


def _month(comparison: Comparison) -> str:
    return (
        f"computed: {three_digits(comparison.rate)} requests/s, the mean of what was measured, kept"
        f" up for {HOURS_PER_MONTH} h = {comparison.bills[0].requests_per_month:,} requests; each"
        " line rounded to the cent"
    )


def _prices(comparison: Comparison) -> list[tuple[str, str]]:
    items = {item.price_id: item for bill in comparison.bills for item in bill.items}.values()
    sure = [item for item in items if item.price_is_sure]
    unsure = [item for item in items if not item.price_is_sure]
    assumed = [item for item in items if item.assumed]
    book = f"{comparison.region}, constants from {comparison.price_book}"
    entries = [
        ("cost", _month(comparison)),
        ("prices", f"{book}, with the day each was seen: {_dated(sure)}"),
    ]
    if unsure:
        entries.append(("prices *", f"not from AWS's own list: {_doubted(unsure)}"))
    if assumed:
        names = ", ".join(f"{item.component} {item.what}" for item in assumed)
        entries.append(("assumed", f"chosen, not measured: {names}"))
    return entries


def _dated(items: list[LineItem]) -> str:
    return ", ".join(f"{item.price_id} {item.price_as_of}" for item in items)


def _doubted(items: list[LineItem]) -> str:
    return "; ".join(
        f"{item.price_id} {item.price_as_of or ''}".rstrip()
        + f" ({CONFIDENCES[item.price_confidence]})"
        for item in items
    )


def _conditions(run: RunRecord) -> Iterator[str]:
    """What a reader may want to know of cache, connections and servers; what is recorded of it."""
    if run.preload_share is not None:
        yield f"{share(run.preload_share)} of the customers in the cache before each block"
    if not run.keep_alive:
        yield "a new connection for each request"
    for name, url in run.urls.items():
        yield f"{name} at {url}"


def _provenance(comparison: Comparison) -> str:
    run = comparison.run
    facts = [
        run.created_at,
        f"profile {run.profile}",
        f"{run.users:,} users" if run.users else f"{run.rate:g} requests/s due",
        f"blocks of {run.block_seconds:g} s with {run.warm_up_seconds:g} s warm-up",
        *_conditions(run),
        f"seed {run.seed}",
        f"order {' '.join(run.order)}",
        f"{run.answers_checked:,} answers checked",
        *(f"{name} {version}" for name, version in sorted(run.versions.items())),
        *(f"{name}: {value}" for name, value in sorted(run.machine.items())),
    ]
    return ", ".join(plain(fact) for fact in facts)
