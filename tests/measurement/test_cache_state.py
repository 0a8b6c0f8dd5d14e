from collections.abc import Iterator

import pytest
import redis

from emulation.private_servers import DataServers
from measurement.answers import Answer
from measurement.cache_state import CacheState, preload, preloaded_ids
from measurement.errors import MeasurementError
from tests.measurement.web import serving


def test_the_same_seed_chooses_the_same_customers() -> None:
    assert preloaded_ids(1, 4499, 0.9, seed=7) == preloaded_ids(1, 4499, 0.9, seed=7)
    assert preloaded_ids(1, 4499, 0.9, seed=7) != preloaded_ids(1, 4499, 0.9, seed=8)


def test_the_share_says_how_many_are_chosen_and_none_twice() -> None:
    ids = preloaded_ids(1, 100, 0.9, seed=1)

    assert len(ids) == len(set(ids)) == 90
    assert set(ids) <= set(range(1, 101))
    assert preloaded_ids(1, 100, 0.0, seed=1) == []


class Service:
    """Stands for the service: stores an entry for each customer that it is asked for."""

    def __init__(self, client: redis.Redis, prefix: str) -> None:
        self.asked: list[str] = []
        self._client = client
        self._prefix = prefix

    def answer(self, method: str, path: str) -> Answer:
        self.asked.append(path)
        self._client.set(f"{self._prefix}{path}", b"x")
        return Answer(200, "application/json", b"{}")


@pytest.fixture
def client(data_servers: DataServers) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(data_servers.cache_url) as client:
        yield client
        for key in client.scan_iter("test:*"):
            client.delete(key)


def test_every_block_begins_with_the_same_entries(
    data_servers: DataServers, client: redis.Redis
) -> None:
    service = Service(client, "test:ec2:")
    client.mset({f"test:ec2:/customerdata/{number}": b"old" for number in range(2500)})
    client.set("test:serverless:1", b"x")
    with serving(service.answer) as url:
        state = CacheState(data_servers.cache_url, "test:ec2:", url, [3, 1, 2])
        state.restore()
        first = set(client.scan_iter("test:*"))
        client.set("test:ec2:/customerdata/4", b"added by the load")
        state.restore()

    assert first == set(client.scan_iter("test:*"))
    assert first == {
        b"test:serverless:1",
        *(b"test:ec2:/customerdata/%d" % number for number in (1, 2, 3)),
    }
    assert len(service.asked) == 3


def test_entries_that_expired_meanwhile_are_loaded_again(
    data_servers: DataServers, client: redis.Redis
) -> None:
    service = Service(client, "test:ec2:")
    with serving(service.answer) as url:
        state = CacheState(data_servers.cache_url, "test:ec2:", url, [3, 1, 2])
        state.restore()
        client.delete("test:ec2:/customerdata/1")
        state.restore()

    assert len(set(client.scan_iter("test:ec2:*"))) == 3
    assert len(service.asked) == 6


def test_clear_removes_the_keys_of_one_side_only(
    data_servers: DataServers, client: redis.Redis
) -> None:
    client.mset({f"test:ec2:{number}": b"x" for number in range(2500)})
    client.set("test:serverless:1", b"x")

    CacheState(data_servers.cache_url, "test:ec2:", "http://127.0.0.1:1", []).clear()

    assert list(client.scan_iter("test:*")) == [b"test:serverless:1"]


def test_a_cache_that_cannot_be_reached_names_the_variable() -> None:
    state = CacheState("redis://127.0.0.1:1/0", "test:", "http://127.0.0.1:1", [])

    with pytest.raises(MeasurementError, match="CACHE_URL: the cache cannot be prepared"):
        state.clear()


def test_preload_asks_for_each_customer_once() -> None:
    asked = []

    def answer(method: str, path: str) -> Answer:
        asked.append(path)
        return Answer(200, "application/json", b"{}")

    with serving(answer) as url:
        preload(url, [3, 1, 2])

    assert asked == ["/customerdata/3", "/customerdata/1", "/customerdata/2"]


def test_preload_stops_at_the_first_answer_that_is_not_200() -> None:
    with (
        serving(lambda method, path: Answer(503, "", b"")) as url,
        pytest.raises(MeasurementError, match=r"/customerdata/3 answered 503, not 200"),
    ):
        preload(url, [3, 1, 2])
