"""The two questions the service answers, each cache-aside over the repository."""

from shared.cache import CacheAside, Lookup
from shared.customer import customer_body, readings_body
from shared.repository import CustomerRepository


class CustomerService:
    def __init__(self, repository: CustomerRepository, cache: CacheAside) -> None:
        self._repository = repository
        self._cache = cache

    def customer(self, customer_id: int, missed_seconds: float | None = None) -> Lookup:
        """The customer's name; raises CustomerNotFoundError, DataUnavailableError.

        `missed_seconds` as in CacheAside.get_or_load.
        """
        return self._cache.get_or_load(
            customer_entry(customer_id),
            lambda: customer_body(self._repository.customer(customer_id)),
            missed_seconds,
        )

    def customer_data(self, customer_id: int, missed_seconds: float | None = None) -> Lookup:
        """The customer's readings; raises CustomerNotFoundError, DataUnavailableError."""
        return self._cache.get_or_load(
            readings_entry(customer_id),
            lambda: readings_body(self._repository.readings(customer_id)),
            missed_seconds,
        )

    def customer_key(self, customer_id: int) -> bytes:
        """Where the cache holds what customer() gives."""
        return self._cache.key(customer_entry(customer_id))

    def customer_data_key(self, customer_id: int) -> bytes:
        """Where the cache holds what customer_data() gives."""
        return self._cache.key(readings_entry(customer_id))


def customer_entry(customer_id: int) -> str:
    """The name under which the cache holds a customer's name."""
    return f"customer:{customer_id}"


def readings_entry(customer_id: int) -> str:
    """The name under which the cache holds a customer's readings."""
    return f"customerdata:{customer_id}"
