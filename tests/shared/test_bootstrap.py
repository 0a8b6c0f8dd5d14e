import json
import uuid
from urllib.parse import urlsplit

import pytest
import redis

from emulation.private_servers import DataServers
from measurement import dataset
from shared.api import Api, Response
from shared.bootstrap import build_api
from shared.database import Database
from shared.settings import settings_from_environ
from tests.shared.fakes import StubServer


def api_with(servers: DataServers, **variables: str) -> Api:
    environ = {
        "DATABASE_URL": servers.database_url,
        "CACHE_URL": servers.cache_url,
        "CACHE_KEY_PREFIX": f"{uuid.uuid4()}:",
        "CACHE_TIMEOUT_SECONDS": "10",
        **variables,
    }
    return build_api(settings_from_environ(environ))


def database_connections(database: Database) -> set[int]:
    rows = database.select("SELECT ID FROM information_schema.PROCESSLIST", ())
    return {row[0] for row in rows}


def cache_connections(client: redis.Redis) -> set[int]:
    return {int(row["id"]) for row in client.client_list()}


def health(response: Response) -> tuple[int, str, dict[str, str]]:
    answer = json.loads(response.body)
    return response.status, answer["status"], answer["dependencies"]


def test_building_the_api_connects_to_nothing() -> None:
    # Names that no resolver knows: connecting would fail at once.
    api = build_api(
        settings_from_environ(
            {
                "DATABASE_URL": "mysql://u:p@database.invalid/name",
                "CACHE_URL": "redis://cache.invalid/0",
            }
        )
    )

    assert api.handle("GET", "/").status == 200


def test_a_customer_comes_from_the_database_and_then_from_the_cache(
    data_servers: DataServers,
) -> None:
    api = api_with(data_servers)
    known = dataset.customer(17)

    answers = [api.handle("GET", "/customer/17") for _ in range(2)]

    expected = f'{{"Id":17,"Surname":"{known.surname}","Givenname":"{known.given_name}"}}'
    assert [answer.headers["X-Cache"] for answer in answers] == ["miss", "hit"]
    assert [answer.body for answer in answers] == [expected.encode()] * 2


def test_readings_come_from_the_database_and_then_from_the_cache(
    data_servers: DataServers,
) -> None:
    api = api_with(data_servers)

    answers = [api.handle("GET", "/customerdata/17") for _ in range(2)]

    measures = ",".join(
        f'{{"MeasureID":{row.measure_id},"MeasureDate":"{row.date}","MeasureValue":{row.value}}}'
        for row in dataset.readings(17)
    )
    assert [answer.headers["X-Cache"] for answer in answers] == ["miss", "hit"]
    assert [answer.body for answer in answers] == [f'{{"Measures":[{measures}]}}'.encode()] * 2


def test_the_two_routes_do_not_share_their_cache_entries(data_servers: DataServers) -> None:
    api = api_with(data_servers)

    customer = api.handle("GET", "/customer/17")
    readings = api.handle("GET", "/customerdata/17")

    assert readings.headers["X-Cache"] == "miss"
    assert customer.body != readings.body


def test_an_unknown_customer_is_not_found_twice_in_the_same_words(
    data_servers: DataServers,
) -> None:
    api = api_with(data_servers)

    first, second = (api.handle("GET", "/customerdata/5001") for _ in range(2))

    assert first.status == 404
    assert (first.status, first.body) == (second.status, second.body)


def test_health_names_both_servers(data_servers: DataServers) -> None:
    answer = health(api_with(data_servers).handle("GET", "/health"))

    assert answer == (200, "ok", {"database": "ok", "cache": "ok"})


def test_without_a_cache_url_there_is_no_cache(data_servers: DataServers) -> None:
    api = api_with(data_servers, CACHE_URL="")

    answers = [api.handle("GET", "/customer/17").headers["X-Cache"] for _ in range(2)]

    assert answers == ["bypass", "bypass"]
    assert health(api.handle("GET", "/health")) == (200, "ok", {"database": "ok"})


def test_a_request_survives_the_loss_of_both_connections(data_servers: DataServers) -> None:
    api = api_with(data_servers)
    other = Database(settings_from_environ({"DATABASE_URL": data_servers.database_url}).database)
    with redis.Redis.from_url(data_servers.cache_url) as client:
        before = database_connections(other), cache_connections(client)
        api.handle("GET", "/customer/17")
        databases = database_connections(other) - before[0]
        caches = cache_connections(client) - before[1]
        for number in databases:
            other.select("KILL %s", (number,))
        for number in caches:
            client.client_kill_filter(_id=str(number))

    hit, miss = api.handle("GET", "/customer/17"), api.handle("GET", "/customer/18")

    assert (len(databases), len(caches)) == (1, 1)
    assert (hit.status, hit.headers["X-Cache"]) == (200, "hit")
    assert (miss.status, miss.headers["X-Cache"]) == (200, "miss")


def test_a_wrong_database_password_is_data_unavailable(
    data_servers: DataServers, caplog: pytest.LogCaptureFixture
) -> None:
    right = urlsplit(data_servers.database_url).password
    url = data_servers.database_url.replace(f":{right}@", ":not-the-password@")
    api = api_with(data_servers, DATABASE_URL=url)

    response = api.handle("GET", "/customer/17")

    assert response.status == 503
    assert health(api.handle("GET", "/health"))[:2] == (503, "down")
    assert "Access denied" in caplog.text
    assert "not-the-password" not in caplog.text


def test_a_cached_customer_is_answered_while_the_database_is_away(
    data_servers: DataServers,
) -> None:
    prefix = f"{uuid.uuid4()}:"
    before = api_with(data_servers, CACHE_KEY_PREFIX=prefix).handle("GET", "/customer/17")
    with StubServer() as server:
        url = f"mysql://u:p@127.0.0.1:{server.port}/name"
    api = api_with(data_servers, CACHE_KEY_PREFIX=prefix, DATABASE_URL=url)

    assert api.handle("GET", "/customer/17").body == before.body
    assert api.handle("GET", "/customer/18").status == 503


def test_a_missing_cache_is_bypassed_and_health_is_degraded(data_servers: DataServers) -> None:
    with StubServer() as server:
        port = server.port
    api = api_with(data_servers, CACHE_URL=f"redis://127.0.0.1:{port}/0")

    answers = [api.handle("GET", f"/customer/{number}") for number in (17, 17, 5001)]

    assert [answer.status for answer in answers] == [200, 200, 404]
    assert answers[0].headers["X-Cache"] == "bypass"
    assert health(api.handle("GET", "/health")) == (
        200,
        "degraded",
        {"database": "ok", "cache": "failing"},
    )
