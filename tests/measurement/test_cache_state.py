import pytest
import redis

from emulation.private_servers import DataServers
from measurement.answers import Answer
from measurement.cache_state import clear, preload, preloaded_ids
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


def test_clear_removes_the_keys_of_one_side_only(data_servers: DataServers) -> None:
    with redis.Redis.from_url(data_servers.cache_url) as client:
        client.mset({f"test:ec2:{number}": b"x" for number in range(2500)})
        client.set("test:serverless:1", b"x")

        removed = clear(data_servers.cache_url, "test:ec2:")

        assert removed == 2500
        assert list(client.scan_iter("test:*")) == [b"test:serverless:1"]
        client.delete("test:serverless:1")


def test_a_cache_that_cannot_be_reached_names_the_variable() -> None:
    with pytest.raises(MeasurementError, match="CACHE_URL: the cache cannot be cleared"):
        clear("redis://127.0.0.1:1/0", "test:")


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
