"""The only place where the parts of the service meet."""

from typing import NamedTuple

from shared.access_log import AccessLog
from shared.api import Api
from shared.breaker import Breaker
from shared.cache import CacheAside
from shared.cache_connections import CacheConnections
from shared.database import Database
from shared.repository import CustomerRepository
from shared.service import CustomerService
from shared.settings import Settings


class Service(NamedTuple):
    """The API, and what a server needs that asks the cache in its own way."""

    api: Api
    connections: CacheConnections | None
    """None: there is no cache."""
    breaker: Breaker
    """The cache's."""


def build_api(settings: Settings, access_log: AccessLog | None = None) -> Api:
    """The API over MariaDB and Redis as `settings` say; connects to neither before it must.

    `access_log` is the platform's; it is told every request where `settings` say so.
    """
    return build_service(settings, access_log).api


def build_service(settings: Settings, access_log: AccessLog | None = None) -> Service:
    """As build_api(), with the parts that the API stands on."""
    repository = CustomerRepository(Database(settings.database))
    cache_url = settings.cache.url
    connections = CacheConnections(settings.cache, cache_url) if cache_url else None
    cache = CacheAside(connections, settings.cache)
    checks = {"database": repository.ping}
    if connections is not None:
        checks["cache"] = cache.ping
    api = Api(
        CustomerService(repository, cache),
        checks,
        optional=frozenset({"cache"}),
        access_log=access_log if settings.access_log else None,
    )
    return Service(api, connections, cache.breaker)
