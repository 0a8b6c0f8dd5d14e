"""The pool's promises, held by random sequences of what borrowers and connections do."""

from hypothesis import given
from hypothesis import strategies as st

from emulation.rds_proxy.pool import ConnectionPool, Grant, Open, PoolLimits, Use, Wait, limits_of

ANY = 0


def pool_of(
    connections: int, max_idle: int = 99, timeout: float = 10.0
) -> "ConnectionPool[str, str]":
    limits = PoolLimits(connections, max_idle, timeout, idle_after_seconds=300.0)
    return ConnectionPool(limits, lambda connection, borrower: ANY)


def opened(pool: "ConnectionPool[str, str]", borrower: str, connection: str) -> None:
    assert pool.borrow(borrower, 0.0) == Open()
    pool.opened(borrower, connection)


def test_a_connection_is_opened_only_when_none_is_idle() -> None:
    pool = pool_of(2)
    opened(pool, "ann", "one")
    pool.release("one", 1.0)

    assert pool.borrow("bob", 2.0) == Use("one")
    assert pool.borrow("cid", 2.0) == Open()
    assert pool.borrow("dan", 2.0) == Wait()


def test_who_came_first_is_served_first_and_nobody_overtakes() -> None:
    pool = pool_of(1)
    opened(pool, "ann", "one")
    assert pool.borrow("bob", 1.0) == Wait()
    assert pool.borrow("cid", 1.0) == Wait()

    assert pool.release("one", 2.0) == Grant("bob", Use("one"))
    assert pool.release("one", 3.0) == Grant("cid", Use("one"))
    assert pool.release("one", 4.0) is None


def test_a_lost_connection_makes_room_for_one_who_waits() -> None:
    pool = pool_of(1)
    opened(pool, "ann", "one")
    pool.borrow("bob", 1.0)

    assert pool.lost("one") == Grant("bob", Open())
    assert pool.connections == 1


def test_an_opening_that_failed_makes_room_too() -> None:
    pool = pool_of(1)
    pool.borrow("ann", 0.0)
    pool.borrow("bob", 0.0)

    assert pool.give_up("ann") == Grant("bob", Open())


def test_waits_end_after_the_borrow_timeout_in_their_order() -> None:
    pool = pool_of(1, timeout=10.0)
    opened(pool, "ann", "one")
    pool.borrow("bob", 1.0)
    pool.borrow("cid", 2.0)

    assert pool.timed_out(10.9) == []
    assert pool.timed_out(11.0) == ["bob"]
    assert pool.release("one", 11.5) == Grant("cid", Use("one"))


def test_the_most_recently_used_of_the_best_suited_is_taken() -> None:
    suits = {"as it is": 0, "after a command": 1, "not at all": None}
    pool = ConnectionPool[str, str](PoolLimits(9, 9), lambda connection, _: suits[connection])
    for name in suits:
        opened(pool, name, name)
    for name in suits:
        pool.release(name, 1.0)

    assert [pool.borrow(str(n), 2.0) for n in range(3)] == [
        Use("as it is"),
        Use("after a command"),
        Open(),
    ]


def test_a_connection_that_suits_nobody_gives_way_to_a_new_one() -> None:
    pool = ConnectionPool[str, str](PoolLimits(1, 1), lambda connection, borrower: None)
    opened(pool, "ann", "old")
    pool.release("old", 1.0)

    assert pool.borrow("bob", 2.0) == Open(close_first="old")
    assert pool.connections == 1


def test_what_is_idle_for_five_minutes_above_the_limit_is_closed() -> None:
    pool = pool_of(3, max_idle=1)
    for name in "abc":
        opened(pool, name, name)
    for at, name in enumerate("abc"):
        pool.release(name, float(at))

    assert pool.surplus(300.5) == []
    assert pool.surplus(302.0) == ["a", "b"]
    assert pool.connections == 1


def test_percentages_are_of_the_servers_max_connections() -> None:
    assert limits_of(500, 80) == PoolLimits(400, 200)
    assert limits_of(42, 100, 10, 5.0) == PoolLimits(42, 4, 5.0)
    assert limits_of(42, 1).max_connections == 1


STEPS = st.lists(st.tuples(st.sampled_from(["borrow", "release", "lose", "leave"]), st.integers(0)))


@given(st.integers(1, 4), STEPS)
def test_never_too_many_connections_and_never_two_borrowers_on_one(
    limit: int, steps: list[tuple[str, int]]
) -> None:
    pool = ConnectionPool[int, int](PoolLimits(limit, limit), lambda connection, borrower: ANY)
    holds: dict[int, int] = {}
    waiting: list[int] = []

    def carry_out(grant: Grant[int, int] | None) -> None:
        if grant is None:
            return
        assert grant.borrower == waiting.pop(0)
        take(grant.borrower, grant.decision)

    def take(borrower: int, decision: Use[int] | Open[int]) -> None:
        connection = borrower
        if isinstance(decision, Use):
            connection = decision.connection
        else:
            pool.opened(borrower, connection)
        assert connection not in holds.values()
        holds[borrower] = connection

    for borrower, (step, which) in enumerate(steps):
        if step == "borrow":
            decision = pool.borrow(borrower, 0.0)
            if isinstance(decision, Wait):
                waiting.append(borrower)
            else:
                take(borrower, decision)
        elif step == "leave" and waiting:
            left = waiting.pop(which % len(waiting))
            carry_out(pool.give_up(left))
        elif holds and step in ("release", "lose"):
            connection = holds.pop(sorted(holds)[which % len(holds)])
            carry_out(pool.release(connection, 0.0) if step == "release" else pool.lost(connection))
        assert len(holds) <= pool.connections <= limit
        assert not waiting or len(holds) == limit
