"""What raising a limit costs in a month: the next step of what is bought, by the bill's own rules.

A quota is a request to AWS and costs nothing by itself. What no price list sells is None.
"""

from dataclasses import replace
from decimal import Decimal

from comparison.architectures import Setup
from comparison.billing.database import cache_parts, database_parts, proxy_parts
from comparison.billing.instances import address, fleet_parts
from comparison.billing.parts import Part
from comparison.billing.quantities import Fleet
from comparison.cost import exact_usd, to_cent
from comparison.errors import ComparisonError
from comparison.forecast.platforms import MEMORY_GIB
from comparison.prices import PriceBook

ZERO = Decimal(0)
INSTANCES = "CPU of the instances"
ENVIRONMENTS_DATABASE = "database connections of the environments"
DATABASE = ("CPU of the database", "database connections")
CACHE = "CPU of the cache"
QUOTAS = (
    "API Gateway's rate",
    "the function's concurrency",
    "the function's requests per second",
)
"""Names of limits as bounds.py gives them."""


def raising_usd(resource: str, setup: Setup, book: PriceBook) -> Decimal | None:
    """USD a month; 0 for a quota, None where there is nothing to buy or a price is unknown."""
    if resource in QUOTAS:
        return ZERO
    try:
        if resource in DATABASE:
            return _next_database(setup, book)
        parts = _next_step(resource, setup)
        return _usd(parts, book) if parts else None
    except ComparisonError:
        # A price that is not in the book: the bill says so where it is needed.
        return None


def _next_step(resource: str, setup: Setup) -> tuple[Part, ...]:
    """What is bought in addition; nothing where it cannot be."""
    if resource == INSTANCES:
        return _one_instance(setup)
    if resource == CACHE:
        return cache_parts(setup.data, setup.hours)
    if resource == ENVIRONMENTS_DATABASE:
        return proxy_parts(setup.data.database_vcpus, setup.hours)
    return ()


def _usd(parts: tuple[Part, ...], book: PriceBook) -> Decimal:
    return to_cent(exact_usd(parts, ZERO, book))


def _one_instance(setup: Setup) -> tuple[Part, ...]:
    """With its volume and its address; the load balancer that two need is on the bill."""
    fleet = Fleet(None)
    return (
        address(setup.hours),
        *fleet_parts(setup.instance, fleet, setup.hours, ZERO, setup.shape.weights),
    )


def _next_database(setup: Setup, book: PriceBook) -> Decimal | None:
    family, _, size = setup.data.database_class.rpartition(".")
    sizes = list(MEMORY_GIB)
    if size not in sizes[:-1]:
        return None
    larger = f"{family}.{sizes[sizes.index(size) + 1]}"
    if f"rds.mariadb.single_az.{larger}" not in book.prices:
        return None
    now, then = (
        _usd(
            database_parts(
                replace(setup.data, database_class=name), setup.hours, ZERO, setup.shape.weights
            ),
            book,
        )
        for name in (setup.data.database_class, larger)
    )
    return then - now
