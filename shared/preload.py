"""Fills the cache with every customer before the first request, as the 2020 experiment did.

Separate from service.py, which answers one request at a time: this reads in big ordered batches
and writes in pipelines. ec2_app/preload.py is its command.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import islice

from shared.cache import time_to_live_seconds
from shared.cache_connections import CacheConnections, CacheRefusalError
from shared.customer import Customer, Reading, customer_body, readings_body
from shared.database import Database
from shared.entries import set_command
from shared.errors import SettingsError
from shared.repository import CustomerRepository
from shared.service import customer_entry, readings_entry
from shared.settings import CacheSettings, Settings

BATCH_CUSTOMERS = 500
# Nobody waits for an answer here.
_TIMEOUT_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Preloaded:
    customers: int
    entries: int


def preload(settings: Settings, random_share: Callable[[], float] = random.random) -> Preloaded:
    """Store what the service would answer for every customer, on both routes.

    Entries that are there are written anew. Raises SettingsError when there is no cache or it
    would keep nothing, CacheError and DataUnavailableError when a server cannot be used.
    """
    url = settings.cache.url
    if url is None:
        raise SettingsError("CACHE_URL is not set: there is no cache to fill")
    if settings.cache.ttl_seconds < 1:
        raise SettingsError("CACHE_TTL_SECONDS is below 1: the cache would keep nothing")
    cache = CacheConnections(replace(settings.cache, timeout_seconds=_TIMEOUT_SECONDS), url)
    database = Database(replace(settings.database, timeout_seconds=_TIMEOUT_SECONDS))
    everybody = CustomerRepository(database).all_customers(BATCH_CUSTOMERS)
    customers = entries = 0
    while batch := list(islice(everybody, BATCH_CUSTOMERS)):
        commands = [
            command for row in batch for command in _entries(settings.cache, row, random_share)
        ]
        for answer in cache.commands(b"".join(commands), len(commands)):
            if isinstance(answer, CacheRefusalError):
                raise CacheRefusalError(answer.code)
        customers += len(batch)
        entries += len(commands)
    return Preloaded(customers, entries)


def _entries(
    settings: CacheSettings,
    row: tuple[Customer, list[Reading]],
    random_share: Callable[[], float],
) -> tuple[bytes, bytes]:
    customer, readings = row

    def entry(name: str, body: bytes) -> bytes:
        key = (settings.key_prefix + name).encode()
        # Without the random part all of them would expire at the same moment.
        return set_command(key, body, time_to_live_seconds(settings, random_share()))

    return (
        entry(customer_entry(customer.customer_id), customer_body(customer)),
        entry(readings_entry(customer.customer_id), readings_body(readings)),
    )
