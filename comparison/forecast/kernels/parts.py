"""The arrays of a simulation as they are handed to it: one tuple for users, servers, data.

The outermost functions take them apart at once; see compiled.py for why no other takes tuples.
"""

from typing import NamedTuple

from comparison.forecast.kernels.compiled import Array, Row


class Users(NamedTuple):
    """See clients.py; `tables` has a row for each kind, then for init where there is one."""

    users: Row
    calls: Array
    heap: Array
    kinds: Array
    tables: Array
    counters: Array
    steps: Array


class Function(NamedTuple):
    """See environments.py and token_bucket.py; `busy` is a heap of events."""

    function: Row
    buckets: Array
    busy: Array
    places: Array


class Accepting(NamedTuple):
    """See accepting.py."""

    accept: Row
    slots: Array
    queued: Array


class Fleet(NamedTuple):
    """See instances.py and upkeep.py; `variation` is a table of factors of the CPU time."""

    fleet: Row
    instances: Array
    computed: Array
    queues: Array
    variation: Array
    upkeep: Row


class Tier(NamedTuple):
    """See data_tier.py."""

    tier: Row
    free_at: Array
