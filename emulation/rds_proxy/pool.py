"""Who may use which database connection: borrowing, waiting, opening, closing what lies idle.

A state machine without sockets, timers or a clock (`now` is an argument, in seconds), like
sandboxes.py, so that its promises can be tested by random sequences: never more connections than
the limit, never two borrowers on one, first come first served. The rules are ConnectionPool
Configuration's ("RDS Proxy connection considerations", Amazon RDS User Guide).
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Generic, TypeVar

BORROW_TIMEOUT_SECONDS = 120.0
"""ConnectionBorrowTimeout's default."""
IDLE_AFTER_SECONDS = 300.0
"""Without activity for so long, a connection in the pool counts as idle (the same page)."""

Connection = TypeVar("Connection", bound=Hashable)
Borrower = TypeVar("Borrower", bound=Hashable)


@dataclass(frozen=True, slots=True)
class PoolLimits:
    """How many connections, and how long anybody waits for one."""

    max_connections: int
    max_idle: int
    """Of those that count as idle, more than so many are closed."""
    borrow_timeout_seconds: float = BORROW_TIMEOUT_SECONDS
    idle_after_seconds: float = IDLE_AFTER_SECONDS


def limits_of(
    server_max_connections: int,
    max_connections_percent: int = 100,
    max_idle_percent: int | None = None,
    borrow_timeout_seconds: float = BORROW_TIMEOUT_SECONDS,
) -> PoolLimits:
    """From MaxConnectionsPercent and MaxIdleConnectionsPercent, whose default is half of it.

    Both are percentages of the server's max_connections; the pool holds one connection at least.
    """
    if max_idle_percent is None:
        max_idle_percent = max_connections_percent // 2
    return PoolLimits(
        max(1, server_max_connections * max_connections_percent // 100),
        server_max_connections * max_idle_percent // 100,
        borrow_timeout_seconds,
    )


@dataclass(frozen=True, slots=True)
class Use(Generic[Connection]):
    """Take this connection."""

    connection: Connection


@dataclass(frozen=True, slots=True)
class Open(Generic[Connection]):
    """Open a connection, after closing this one in its favour if there is one."""

    close_first: Connection | None = None


@dataclass(frozen=True, slots=True)
class Wait:
    """All are in use: a grant will come, or the wait ends."""


Decision = Use[Connection] | Open[Connection] | Wait


@dataclass(frozen=True, slots=True)
class Grant(Generic[Borrower, Connection]):
    """What a borrower who waited gets."""

    borrower: Borrower
    decision: Use[Connection] | Open[Connection]


class ConnectionPool(Generic[Borrower, Connection]):
    """The connections of one database user.

    `rank` says how well an idle connection suits a borrower: 0 as it is, higher with more to do
    first, None not at all.
    """

    def __init__(
        self, limits: PoolLimits, rank: Callable[[Connection, Borrower], int | None]
    ) -> None:
        self.limits = limits
        self._rank = rank
        self.opening: set[Borrower] = set()
        self.borrowed: set[Connection] = set()
        self.idle: OrderedDict[Connection, float] = OrderedDict()
        """Connection -> since when; the most recently used one last."""
        self.waiting: OrderedDict[Borrower, float] = OrderedDict()
        """Borrower -> until when; the first come first."""

    @property
    def connections(self) -> int:
        """Open ones and those that are being opened."""
        return len(self.opening) + len(self.borrowed) + len(self.idle)

    def borrow(self, borrower: Borrower, now: float) -> Decision[Connection]:
        """Ask for a connection; nobody overtakes those who wait."""
        decision = None if self.waiting else self._decide(borrower)
        if decision is None:
            self.waiting[borrower] = now + self.limits.borrow_timeout_seconds
            return Wait()
        return decision

    def opened(self, borrower: Borrower, connection: Connection) -> None:
        """The connection that a borrower was to open is there, and is the borrower's."""
        self.opening.remove(borrower)
        self.borrowed.add(connection)

    def release(self, connection: Connection, now: float) -> Grant[Borrower, Connection] | None:
        """A borrower is done with its connection; says who gets a connection next, if anybody."""
        self.borrowed.remove(connection)
        self.idle[connection] = now
        return self._grant()

    def lost(self, connection: Connection) -> Grant[Borrower, Connection] | None:
        """A connection has ended, whoever had it; says who may open another one, if anybody."""
        self.borrowed.discard(connection)
        self.idle.pop(connection, None)
        return self._grant()

    def give_up(self, borrower: Borrower) -> Grant[Borrower, Connection] | None:
        """A borrower no longer waits, or could not open; says who may open instead, if anybody."""
        self.waiting.pop(borrower, None)
        self.opening.discard(borrower)
        return self._grant()

    def timed_out(self, now: float) -> list[Borrower]:
        """Remove and return those who have waited for too long."""
        late = [borrower for borrower, until in self.waiting.items() if now >= until]
        for borrower in late:
            del self.waiting[borrower]
        return late

    def surplus(self, now: float) -> list[Connection]:
        """Remove and return what is to be closed: of the idle ones, those above the limit."""
        after = self.limits.idle_after_seconds
        idle = [connection for connection, since in self.idle.items() if now - since >= after]
        surplus = idle[: max(0, len(idle) - self.limits.max_idle)]
        for connection in surplus:
            del self.idle[connection]
        return surplus

    def _grant(self) -> Grant[Borrower, Connection] | None:
        if not self.waiting:
            return None
        borrower = next(iter(self.waiting))
        decision = self._decide(borrower)
        if decision is None:
            return None
        self.waiting.pop(borrower)
        return Grant(borrower, decision)

    def _decide(self, borrower: Borrower) -> Use[Connection] | Open[Connection] | None:
        best = self._best_idle(borrower)
        if best is not None:
            del self.idle[best]
            self.borrowed.add(best)
            return Use(best)
        if self.connections < self.limits.max_connections:
            self.opening.add(borrower)
            return Open()
        if self.idle:  # none that would do
            oldest, _ = self.idle.popitem(last=False)
            self.opening.add(borrower)
            return Open(close_first=oldest)
        return None

    def _best_idle(self, borrower: Borrower) -> Connection | None:
        best, best_rank = None, None
        for connection in reversed(self.idle):
            rank = self._rank(connection, borrower)
            if rank == 0:
                return connection
            if rank is not None and (best_rank is None or rank < best_rank):
                best, best_rank = connection, rank
        return best
