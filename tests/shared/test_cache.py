import itertools
import uuid

import pytest
import redis

from emulation.private_servers import DataServers
from shared.cache import BYPASS, HIT, MISS, CacheAside
from shared.cache_connections import CacheConnections, CacheError, CacheRefusalError
from shared.errors import CustomerNotFoundError, DataUnavailableError
from tests.shared.fakes import LOCK_TAKEN, Clock, FakeCommands, StubServer, cache_settings

GET = [b"GET", b"test:a"]
BODY = '{"Surname":"Müller"}'.encode()


class Loader:
    """Counts how often the database is asked."""

    def __init__(self, error: Exception | None = None) -> None:
        self.calls = 0
        self._error = error

    def __call__(self) -> bytes:
        self.calls += 1
        if self._error is not None:
            raise self._error
        return BODY


@pytest.fixture
def loader() -> Loader:
    return Loader()


@pytest.fixture
def prefix() -> str:
    return f"{uuid.uuid4()}:"


@pytest.fixture
def real_cache(data_servers: DataServers, prefix: str) -> CacheAside:
    # Far more patience than the service has: these tests are about what is stored.
    settings = cache_settings(key_prefix=prefix, timeout_seconds=10.0)
    return CacheAside(CacheConnections(settings, data_servers.cache_url), settings)


def set_command(value: bytes, ttl: bytes) -> list[bytes]:
    return [b"SET", b"test:a", value, b"EX", ttl]


def lock_of(commands: FakeCommands) -> bytes:
    """The lock that was put first."""
    return next(command[2] for command in commands.sent if command[3:4] == [b"NX"])


def test_a_hit_is_the_stored_bytes_and_asks_nobody_else(loader: Loader) -> None:
    commands = FakeCommands([b"stored \xff bytes"])

    found = CacheAside(commands, cache_settings()).get_or_load("a", loader)

    assert (found.body, found.state, found.load_seconds) == (b"stored \xff bytes", HIT, 0.0)
    assert commands.sent == [GET]
    assert loader.calls == 0


def test_a_miss_is_loaded_and_stored_for_the_time_to_live(loader: Loader) -> None:
    commands = FakeCommands([None, LOCK_TAKEN])
    cache = CacheAside(commands, cache_settings(ttl_jitter_share=0.0))

    found = cache.get_or_load("a", loader)

    assert (found.body, found.state) == (BODY, MISS)
    assert commands.sent[0] == GET
    assert commands.sent[3:] == [set_command(BODY, b"3600")]


@pytest.mark.parametrize(("random_share", "ttl"), [(0.0, b"3600"), (0.5, b"3420"), (1.0, b"3240")])
def test_the_jitter_shortens_the_time_to_live(random_share: float, ttl: bytes) -> None:
    commands = FakeCommands([None, LOCK_TAKEN])
    cache = CacheAside(commands, cache_settings(), random_share=lambda: random_share)

    cache.get_or_load("a", Loader())

    assert commands.sent[-1] == set_command(BODY, ttl)


def test_an_unknown_customer_is_stored_as_unknown_for_a_short_time() -> None:
    commands = FakeCommands([None, LOCK_TAKEN])
    cache = CacheAside(commands, cache_settings())

    with pytest.raises(CustomerNotFoundError):
        cache.get_or_load("a", Loader(CustomerNotFoundError()))

    assert commands.sent[3:] == [set_command(b"", b"30")]


def test_a_customer_stored_as_unknown_is_not_looked_for(loader: Loader) -> None:
    cache = CacheAside(FakeCommands([b""]), cache_settings())

    with pytest.raises(CustomerNotFoundError):
        cache.get_or_load("a", loader)

    assert loader.calls == 0


def test_a_time_to_live_of_zero_stores_nothing(loader: Loader) -> None:
    commands = FakeCommands([None, None])
    cache = CacheAside(commands, cache_settings(ttl_seconds=0, negative_ttl_seconds=0))

    cache.get_or_load("a", loader)
    with pytest.raises(CustomerNotFoundError):
        cache.get_or_load("a", Loader(CustomerNotFoundError()))

    assert commands.sent == [GET, GET]


@pytest.mark.parametrize("error", [DataUnavailableError(), ValueError("a bug")])
def test_other_errors_of_the_loader_pass_through_and_leave_nothing(error: Exception) -> None:
    commands = FakeCommands([None, LOCK_TAKEN, 1])

    with pytest.raises(type(error)):
        CacheAside(commands, cache_settings()).get_or_load("a", Loader(error))

    assert [command[0] for command in commands.sent] == [b"GET", b"SET", b"GET", b"EVAL"]
    assert commands.sent[-1][-2:] == [b"test:a", lock_of(commands)]


def test_without_a_cache_everything_is_loaded(loader: Loader) -> None:
    cache = CacheAside(None, cache_settings(url=None))

    found = cache.get_or_load("a", loader)
    cache.ping()

    assert (found.body, found.state) == (BODY, BYPASS)


@pytest.mark.parametrize(
    "error",
    [
        CacheError("lost: ConnectionResetError"),
        CacheRefusalError("WRONGTYPE Operation against a key"),
        CacheRefusalError("NOAUTH Authentication required."),
    ],
)
def test_a_failing_cache_is_left_alone_until_the_breakers_time_is_over(error: Exception) -> None:
    commands, clock, loader = FakeCommands([error, b"stored"]), Clock(), Loader()
    cache = CacheAside(commands, cache_settings(breaker_open_seconds=2.0), clock)

    states = [cache.get_or_load("a", loader).state for _ in range(3)]
    clock.now_seconds += 1.999
    states.append(cache.get_or_load("a", loader).state)
    asked_meanwhile = len(commands.sent)
    clock.now_seconds += 0.001
    states.append(cache.get_or_load("a", loader).state)

    assert states == [BYPASS] * 4 + [HIT]
    assert asked_meanwhile == 1
    assert loader.calls == 4


def test_a_cache_that_fails_to_lock_opens_the_breaker_too(loader: Loader) -> None:
    commands = FakeCommands([None, CacheError("lost")])
    cache = CacheAside(commands, cache_settings(), Clock())

    bodies = [cache.get_or_load("a", loader).body for _ in range(2)]

    assert bodies == [BODY, BODY]
    assert [command[0] for command in commands.sent] == [b"GET", b"SET", b"GET"]


def test_who_has_missed_already_does_not_ask_again(loader: Loader) -> None:
    commands = FakeCommands([LOCK_TAKEN])

    found = CacheAside(commands, cache_settings()).get_or_load("a", loader, 0.5)

    assert [command[0] for command in commands.sent] == [b"SET", b"GET", b"SET"]
    assert found.state == MISS
    assert found.cache_seconds >= 0.5


def test_a_cache_that_stores_nothing_still_gives_what_it_has(loader: Loader) -> None:
    commands = FakeCommands([None, CacheRefusalError("OOM command not allowed"), None, b"stored"])
    cache = CacheAside(commands, cache_settings(), Clock())

    states = [cache.get_or_load("a", loader).state for _ in range(3)]

    assert states == [BYPASS, BYPASS, HIT]
    assert [command[0] for command in commands.sent] == [b"GET", b"SET", b"GET", b"GET", b"GET"]


def test_an_unknown_customer_stays_unknown_when_the_cache_cannot_store_it() -> None:
    commands = FakeCommands([None, LOCK_TAKEN, CacheError("lost")])

    with pytest.raises(CustomerNotFoundError):
        CacheAside(commands, cache_settings()).get_or_load("a", Loader(CustomerNotFoundError()))


def test_nothing_is_stored_in_a_cache_that_has_just_failed() -> None:
    commands = FakeCommands([CacheError("lost")])

    with pytest.raises(CustomerNotFoundError):
        CacheAside(commands, cache_settings()).get_or_load("a", Loader(CustomerNotFoundError()))

    assert commands.sent == [GET]


def test_the_log_says_why_the_cache_is_bypassed(caplog: pytest.LogCaptureFixture) -> None:
    commands = FakeCommands([CacheRefusalError("ERR unknown command, args: 'secret'")])

    CacheAside(commands, cache_settings()).get_or_load("a", Loader())

    assert "cache unusable, bypassed for 1.0 s: refused: ERR" in caplog.text
    assert "secret" not in caplog.text


@pytest.mark.parametrize(
    "reply",
    [
        *(b"-ERR no\r\n", b"-\r\n", b"-\xff\xfe\r\n", b"-LOADING wait\r\n", b"-NOAUTH who\r\n"),
        *(b"$-1\r\n", b":5\r\n", b"*0\r\n", b"*1\r\n-ERR no\r\n", b"*1\r\n$1\r\na\r\n"),
        *(b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\0\0\0\0", b"$-5\r\n", b":five\r\n"),
    ],
)
def test_whatever_the_cache_answers_the_request_gets_the_loaded_body(
    loader: Loader, reply: bytes
) -> None:
    with StubServer(lambda _: reply) as server:
        # One reply to each packet, so two commands at once wait for the second in vain.
        settings = cache_settings(timeout_seconds=0.1)
        connections = CacheConnections(settings, f"redis://127.0.0.1:{server.port}/0")
        found = CacheAside(connections, settings).get_or_load("a", loader)

    assert found.body == BODY
    assert loader.calls == 1


def test_a_silent_cache_costs_one_attempt_and_then_none(loader: Loader) -> None:
    with StubServer() as server:
        settings = cache_settings(timeout_seconds=0.2)
        connections = CacheConnections(settings, f"redis://127.0.0.1:{server.port}/0")
        cache = CacheAside(connections, settings, Clock())
        found = [cache.get_or_load("a", loader) for _ in range(3)]

    assert {(lookup.body, lookup.state) for lookup in found} == {(BODY, BYPASS)}
    assert server.received == [b"*2\r\n$3\r\nGET\r\n$6\r\ntest:a\r\n"]


def test_a_refusing_cache_never_fails_a_request(loader: Loader) -> None:
    with StubServer() as server:
        port = server.port
    settings = cache_settings(timeout_seconds=5.0)
    cache = CacheAside(CacheConnections(settings, f"redis://127.0.0.1:{port}/0"), settings)

    assert cache.get_or_load("a", loader).body == BODY
    with pytest.raises(CacheError):
        cache.ping()


def test_redis_gives_back_what_was_stored(real_cache: CacheAside, loader: Loader) -> None:
    found = [real_cache.get_or_load("customer:1", loader) for _ in range(3)]

    assert [lookup.state for lookup in found] == [MISS, HIT, HIT]
    assert [lookup.body for lookup in found] == [BODY] * 3
    assert loader.calls == 1


def test_redis_holds_the_body_under_the_prefix_with_a_time_to_live_in_the_jitters_range(
    real_cache: CacheAside, data_servers: DataServers, prefix: str, loader: Loader
) -> None:
    for number in range(20):
        real_cache.get_or_load(f"customer:{number}", loader)

    with redis.Redis.from_url(data_servers.cache_url) as client:
        keys = set(client.scan_iter(f"{prefix}*"))
        lifetimes = {client.ttl(key) for key in keys}
        assert keys == {f"{prefix}customer:{number}".encode() for number in range(20)}
        assert client.get(f"{prefix}customer:7") == BODY
    assert all(3600 * 0.9 - 60 <= lifetime <= 3600 for lifetime in lifetimes)
    assert len(lifetimes) > 1


def test_redis_holds_an_unknown_customer_as_the_empty_value_for_a_short_time(
    real_cache: CacheAside, data_servers: DataServers, prefix: str
) -> None:
    unknown = Loader(CustomerNotFoundError())

    for _ in range(3):
        with pytest.raises(CustomerNotFoundError):
            real_cache.get_or_load("customer:9", unknown)

    with redis.Redis.from_url(data_servers.cache_url) as client:
        assert client.get(f"{prefix}customer:9") == b""
        assert 1 <= client.ttl(f"{prefix}customer:9") <= 30
    assert unknown.calls == 1


def test_an_expired_entry_is_loaded_again(
    real_cache: CacheAside, data_servers: DataServers, prefix: str, loader: Loader
) -> None:
    real_cache.get_or_load("customer:1", loader)
    with redis.Redis.from_url(data_servers.cache_url) as client:
        client.pexpireat(f"{prefix}customer:1", 1)  # long ago

    assert real_cache.get_or_load("customer:1", loader).state == MISS


def test_a_key_of_another_type_does_not_fail_the_request(
    real_cache: CacheAside, data_servers: DataServers, prefix: str, loader: Loader
) -> None:
    with redis.Redis.from_url(data_servers.cache_url) as client:
        client.rpush(f"{prefix}customer:1", "not ours")

    found = real_cache.get_or_load("customer:1", loader)

    assert (found.body, found.state) == (BODY, BYPASS)


def test_a_failed_load_leaves_nothing_in_redis(
    real_cache: CacheAside, data_servers: DataServers, prefix: str
) -> None:
    with pytest.raises(DataUnavailableError):
        real_cache.get_or_load("customer:1", Loader(DataUnavailableError()))

    with redis.Redis.from_url(data_servers.cache_url) as client:
        assert list(client.scan_iter(f"{prefix}*")) == []


def test_redis_answers_the_ping(real_cache: CacheAside) -> None:
    real_cache.ping()


def test_the_times_of_a_lookup_are_not_negative(real_cache: CacheAside, loader: Loader) -> None:
    miss = real_cache.get_or_load("customer:1", loader)
    hit = real_cache.get_or_load("customer:1", loader)

    assert min(miss.cache_seconds, miss.load_seconds, hit.cache_seconds) >= 0
    assert hit.load_seconds == 0


def test_who_finds_a_lock_waits_for_what_its_holder_stores(loader: Loader) -> None:
    clock = Clock()
    held = [None, b"\0other's lock"]
    commands = FakeCommands([b"\0other's lock", held, held, [None, BODY]])
    cache = CacheAside(
        commands, cache_settings(), clock, random_share=lambda: 0.5, sleep=clock.sleep
    )

    found = cache.get_or_load("a", loader)

    assert (found.body, found.state, loader.calls) == (BODY, HIT, 0)
    assert clock.slept_seconds == [0.002, 0.004]


def test_who_waits_for_an_unknown_customer_learns_it_from_the_holder(loader: Loader) -> None:
    commands = FakeCommands([None, [None, b"\0other's lock"], [None, b""]])
    cache = CacheAside(commands, cache_settings(), sleep=Clock().sleep)

    with pytest.raises(CustomerNotFoundError):
        cache.get_or_load("a", loader)

    assert loader.calls == 0


def test_who_waits_takes_over_at_once_when_the_holder_gives_up(loader: Loader) -> None:
    clock = Clock()
    commands = FakeCommands([None, [None, b"\0other's lock"], LOCK_TAKEN])
    cache = CacheAside(commands, cache_settings(), clock, sleep=clock.sleep)

    found = cache.get_or_load("a", loader)

    assert (found.state, loader.calls, len(clock.slept_seconds)) == (MISS, 1, 1)


@pytest.mark.parametrize("random_share", [0.0, 0.5, 0.999])
def test_who_has_waited_long_enough_loads_and_stores(loader: Loader, random_share: float) -> None:
    clock = Clock()
    commands = FakeCommands(itertools.chain([None], itertools.repeat([None, b"\0a lock"])))
    settings = cache_settings(lock_wait_seconds=0.25)
    cache = CacheAside(commands, settings, clock, lambda: random_share, clock.sleep)

    found = cache.get_or_load("a", loader)

    assert (found.body, found.state, loader.calls) == (BODY, MISS, 1)
    assert sum(clock.slept_seconds) == pytest.approx(0.25)
    assert len(clock.slept_seconds) < 25
    assert commands.sent[-1][:3] == [b"SET", b"test:a", BODY]


def test_the_lock_lasts_as_long_as_the_settings_say_and_differs_each_time() -> None:
    commands = FakeCommands([None, LOCK_TAKEN] * 2)
    cache = CacheAside(commands, cache_settings(lock_seconds=1.5))

    for _ in range(2):
        cache.get_or_load("a", Loader())

    locks = [command for command in commands.sent if b"NX" in command]
    assert {tuple(lock[3:]) for lock in locks} == {(b"NX", b"PX", b"1500")}
    assert locks[0][2] != locks[1][2]


def test_a_lock_that_had_to_be_sent_twice_is_still_ours(loader: Loader) -> None:
    class Resending(FakeCommands):
        def commands(self, packed: bytes, count: int) -> list[object]:
            _, value = super().commands(packed, count)
            return [None, value]  # the first SET, on a connection then lost, did it

    cache = CacheAside(Resending([None, LOCK_TAKEN, LOCK_TAKEN]), cache_settings())

    assert cache.get_or_load("a", loader).state == MISS


def test_a_lock_is_never_taken_for_a_body(
    real_cache: CacheAside, data_servers: DataServers, prefix: str, loader: Loader
) -> None:
    with redis.Redis.from_url(data_servers.cache_url) as client:
        client.set(f"{prefix}customer:1", b"\0somebody's lock", px=60_000)

    found = real_cache.get_or_load("customer:1", loader)

    assert found.body == BODY


def test_the_lock_of_a_crashed_holder_goes_with_its_time(
    real_cache: CacheAside, data_servers: DataServers, prefix: str
) -> None:
    lifetimes: list[int] = []
    with redis.Redis.from_url(data_servers.cache_url) as client:

        def crash() -> bytes:
            lifetimes.append(client.pttl(f"{prefix}customer:1"))
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            real_cache.get_or_load("customer:1", crash)

    assert len(lifetimes) == 1
    assert 0 < lifetimes[0] <= 1000


def test_a_late_holder_does_not_take_away_anothers_lock(
    real_cache: CacheAside, data_servers: DataServers, prefix: str
) -> None:
    key = f"{prefix}customer:1"
    with redis.Redis.from_url(data_servers.cache_url) as client:

        def fail_late() -> bytes:
            client.set(key, b"\0another's lock")
            raise DataUnavailableError

        with pytest.raises(DataUnavailableError):
            real_cache.get_or_load("customer:1", fail_late)

        assert client.get(key) == b"\0another's lock"
