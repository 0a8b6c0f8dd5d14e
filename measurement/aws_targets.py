"""Both sides on AWS: peers of the local targets, which start nothing and only look.

What `./compare.py up` has created is there already; starting such a target is waiting until it
answers. Beside what the REPORT lines bill, AWS tells no CPU time by process, so none is recorded.
"""

import http.client
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime
from typing import Final

from infrastructure.account import Account
from infrastructure.endpoints import Endpoints
from measurement.base_url import connect
from measurement.cache_state import preload
from measurement.cloudwatch import AwsClock, FunctionLog, Sleep, utc_now
from measurement.errors import MeasurementError
from measurement.targets import EC2, NOTHING_HELD, SERVERLESS, Usage

HEALTHY_SECONDS: Final = 120.0
POLL_SECONDS: Final = 2.0
TIMEOUT_SECONDS: Final = 30.0
PRELOAD_CONNECTIONS: Final = 8
KEPT_SECONDS: Final = 2400.0
"""Entries live for 54 minutes at least (CACHE_TTL_SECONDS less its jitter); a block is shorter."""


class AwsTarget:
    """What both sides have in common: where they answer, and when they were measured."""

    name: str
    cache_key_prefix = ""

    def __init__(
        self,
        account: Account,
        url: str,
        sleep: Sleep = time.sleep,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._url = url
        self._sleep = sleep
        self._clock = AwsClock(account, now)
        self._asked: list[datetime] = []

    @property
    def blocks(self) -> list[tuple[datetime, datetime]]:
        """Begin and end of each block by AWS's clock: usage() is asked before and after each."""
        return list(zip(self._asked[::2], self._asked[1::2], strict=False))

    def start(self) -> str:
        wait_until_healthy(self._url, self._sleep)
        self._clock.synchronise()
        return self._url

    def running(self) -> bool:
        return healthy(self._url)

    def usage(self) -> Usage:
        self._asked.append(self._clock.now())
        return Usage({}, NOTHING_HELD, serverless=None)

    def stop(self) -> None:
        """`./compare.py down` removes it."""


class AwsEc2Target(AwsTarget):
    """The EC2 side: its instance, or the load balancer before it."""

    def __init__(
        self,
        account: Account,
        endpoints: Endpoints,
        sleep: Sleep = time.sleep,
        now: Callable[[], datetime] = utc_now,
        *,
        name: str = EC2,
    ) -> None:
        super().__init__(account, endpoints.ec2_url, sleep, now)
        self.name = name


class AwsServerlessTarget(AwsTarget):
    """The Lambda side: the API's stage, and the function's log."""

    name = SERVERLESS

    def __init__(
        self,
        account: Account,
        endpoints: Endpoints,
        sleep: Sleep = time.sleep,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        super().__init__(account, endpoints.serverless_url, sleep, now)
        self._log = FunctionLog(account, endpoints.log_group, self._clock, sleep)

    def usage(self) -> Usage:
        """What was billed since the last call; waits for the log, whose lines come late."""
        usage = super().usage()
        return replace(usage, serverless=self._log.read_new())


class RemoteCache:
    """A cache that is filled over HTTP and cannot be reached otherwise.

    It stands in a private subnet, so nothing can be taken out of it from here: all customers that
    the load asks for are put in, and then every block finds it alike.
    """

    def __init__(
        self, base_url: str, ids: Sequence[int], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._base_url = base_url
        self._ids = list(ids)
        self._clock = clock
        self._filled_at: float | None = None

    def restore(self) -> None:
        """Fill it, unless that was done so recently that no entry can have expired."""
        now = self._clock()
        if self._filled_at is not None and now - self._filled_at < KEPT_SECONDS:
            return
        shares = [self._ids[start::PRELOAD_CONNECTIONS] for start in range(PRELOAD_CONNECTIONS)]
        with ThreadPoolExecutor(PRELOAD_CONNECTIONS) as pool:
            list(pool.map(lambda ids: preload(self._base_url, ids), shares))
        self._filled_at = now

    def clear(self) -> None:
        """Nothing: the entries expire by themselves."""


def healthy(base_url: str) -> bool:
    """Whether the service answers, and its database and cache with it."""
    connection = connect(base_url, TIMEOUT_SECONDS)
    try:
        connection.http.request("GET", f"{connection.prefix}/health")
        response = connection.http.getresponse()
        response.read()
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.http.close()
    return response.status == 200


def wait_until_healthy(base_url: str, sleep: Sleep) -> None:
    """Wait for a side that has just been created, or has slept; MeasurementError otherwise."""
    waited_seconds = 0.0
    while not healthy(base_url):
        if waited_seconds >= HEALTHY_SECONDS:
            raise MeasurementError(
                f"{base_url}/health does not answer 200 after {waited_seconds:.0f} s; see whether"
                " ./compare.py status shows all of it, and give ./compare.py up this machine's"
                " address with --client-cidr"
            )
        sleep(POLL_SECONDS)
        waited_seconds += POLL_SECONDS
