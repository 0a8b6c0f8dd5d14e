"""A real MariaDB that goes away, hangs, is full and comes back, seen through the HTTP contract."""

import uuid
from dataclasses import replace

import pymysql
import pytest
from pymysql.constants import ER

from emulation.data_connections import connect_database
from shared.api import Api, Response
from shared.bootstrap import build_api
from shared.database import Database
from shared.errors import ServiceError
from shared.repository import CustomerRepository
from shared.settings import settings_from_environ
from tests.faults.conftest import OwnServers
from tests.faults.test_cache_faults import frozen, stopped
from tests.shared.fakes import PATIENCE_SECONDS, Clock, StubServer
from tests.shared.mariadb_stub import GREETING, ok, refusal


def make_api(servers: OwnServers, **variables: str) -> Api:
    return build_api(
        settings_from_environ(
            {
                "DATABASE_URL": servers.database.url,
                "CACHE_URL": servers.cache.url,
                "CACHE_KEY_PREFIX": f"{uuid.uuid4()}:",
                "CACHE_TIMEOUT_SECONDS": "10",
                **variables,
            }
        )
    )


def outcome(response: Response) -> tuple[int, str | None, str | None]:
    headers = response.headers
    return response.status, headers.get("X-Cache"), headers.get("Retry-After")


UNAVAILABLE = (503, None, "1")


def test_while_the_database_is_gone_cached_answers_go_on_and_others_are_503(
    own_servers: OwnServers,
) -> None:
    api = make_api(own_servers)
    api.handle("GET", "/customer/1")

    with stopped(own_servers.database):
        cached = outcome(api.handle("GET", "/customer/1"))
        others = [outcome(api.handle("GET", f"/customerdata/{n}")) for n in (1, 2, 2)]
    first = outcome(api.handle("GET", "/customerdata/2"))

    assert cached == (200, "hit", None)
    assert others == [UNAVAILABLE] * 3
    assert first == (200, "miss", None)


def test_a_restart_between_two_requests_costs_none_of_them(own_servers: OwnServers) -> None:
    api = make_api(own_servers)
    api.handle("GET", "/customer/1")

    with stopped(own_servers.database):
        pass

    assert outcome(api.handle("GET", "/customer/2")) == (200, "miss", None)


def test_while_the_database_hangs_cached_answers_go_on_and_others_are_503(
    own_servers: OwnServers,
) -> None:
    api = make_api(own_servers, DATABASE_TIMEOUT_SECONDS="0.2")
    api.handle("GET", "/customer/1")

    with frozen(own_servers.database):
        others = [outcome(api.handle("GET", f"/customer/{n}")) for n in (2, 3)]
        cached = outcome(api.handle("GET", "/customer/1"))

    assert others == [UNAVAILABLE] * 2
    assert cached == (200, "hit", None)


def test_a_database_that_hangs_is_waited_for_once_a_second_and_not_by_all() -> None:
    clock = Clock()
    with StubServer(ok, GREETING) as server:
        url = f"mysql://u:p@127.0.0.1:{server.port}/name"
        settings = settings_from_environ({"DATABASE_URL": url}).database
        database = Database(replace(settings, timeout_seconds=PATIENCE_SECONDS), clock=clock)
        repository = CustomerRepository(database)
        database.select("SELECT 1", ())
        server.reply = None
        before = [ask(repository) for _ in range(5)]
        waited = len([request for request in server.received if b"Customers" in request])
        server.reply = ok
        clock.now_seconds += 1.0
        after = [ask(repository) for _ in range(2)]

    assert before == ["DataUnavailableError"] * 5
    assert waited == 1
    assert after == ["CustomerNotFoundError"] * 2  # answered: the stub knows nobody


def ask(repository: CustomerRepository) -> str:
    with pytest.raises(ServiceError) as caught:
        repository.customer(1)
    return type(caught.value).__name__


def test_a_database_that_refuses_is_asked_each_time() -> None:
    with StubServer(greeting=refusal(ER.HOST_NOT_PRIVILEGED)) as server:
        url = f"mysql://u:p@127.0.0.1:{server.port}/name"
        database = Database(settings_from_environ({"DATABASE_URL": url}).database, clock=Clock())
        answers = [ask(CustomerRepository(database)) for _ in range(3)]

    assert answers == ["DataUnavailableError"] * 3
    assert len(server.connections) == 3


def test_a_full_database_is_tried_a_few_times_within_half_of_the_limit() -> None:
    clock = Clock()
    with StubServer(greeting=refusal(ER.CON_COUNT_ERROR)) as server:
        url = f"mysql://u:p@127.0.0.1:{server.port}/name"
        settings = settings_from_environ({"DATABASE_URL": url}).database
        database = Database(settings, clock=clock, sleep=clock.sleep)
        answer = ask(CustomerRepository(database))

    assert answer == "DataUnavailableError"
    assert len(server.connections) == 5
    assert len(clock.slept_seconds) == 4
    assert 0 < sum(clock.slept_seconds) < settings.timeout_seconds / 2


def test_max_connections_reached_is_waited_out_or_answered_with_503(
    own_servers: OwnServers,
) -> None:
    own_servers.database.stop()
    own_servers.database.start("--max-connections=10")  # the least MariaDB has
    url = own_servers.database.url
    others = [connect_database(url) for _ in range(10)]
    settings = settings_from_environ({"DATABASE_URL": url}).database

    def one_goes(_: float) -> None:
        others.pop().close()

    try:
        full = outcome(make_api(own_servers).handle("GET", "/customer/1"))
        database = Database(settings, sleep=one_goes)
        waited_out = CustomerRepository(database).customer(1)
        with pytest.raises(pymysql.OperationalError, match=str(ER.CON_COUNT_ERROR)):
            connect_database(url)
    finally:
        for other in others:
            other.close()
        own_servers.database.stop()
        own_servers.database.start()

    assert full == UNAVAILABLE
    assert waited_out.customer_id == 1


def test_all_waits_of_a_miss_together_stay_below_a_second() -> None:
    settings = settings_from_environ({"DATABASE_URL": "mysql://u:p@127.0.0.1/name"})

    # The longest: for another's load, then for a database that accepts and keeps silent; or for a
    # cache that hangs, and then for the database.
    assert settings.cache.lock_wait_seconds + settings.database.timeout_seconds < 1.0
    assert settings.cache.timeout_seconds + settings.database.timeout_seconds < 1.0
