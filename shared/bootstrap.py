"""The only place where the parts of the service meet."""

from shared.api import Api
from shared.cache import CacheAside
from shared.connections import CacheConnections, Database
from shared.repository import CustomerRepository
from shared.service import CustomerService
from shared.settings import Settings


def build_api(settings: Settings) -> Api:
    """The API over MariaDB and Redis as `settings` say; connects to neither before it must."""
    repository = CustomerRepository(Database(settings.database))
    cache_url = settings.cache.url
    connections = CacheConnections(settings.cache, cache_url) if cache_url else None
    cache = CacheAside(connections, settings.cache)
    checks = {"database": repository.ping}
    if connections is not None:
        checks["cache"] = cache.ping
    return Api(CustomerService(repository, cache), checks, optional=frozenset({"cache"}))
