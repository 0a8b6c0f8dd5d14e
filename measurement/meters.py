"""One side's meters between two readings: CPU, memory, and what MariaDB and Redis were asked."""

from collections.abc import Mapping

from comparison.records import UsageRecord
from emulation.private_servers import DataServers
from measurement.cpu import difference, own_cpu_seconds
from measurement.data_meters import DataReading, cache_usage, database_usage, read_counters
from measurement.memory import is_alive, memory_bytes


class Meters:
    """Reads what has been used since the reading before; the first reading is the zero point."""

    def __init__(self, servers: DataServers) -> None:
        self._servers = servers
        self._cpu: Mapping[str, float] = {}
        self._data = DataReading(None, None)

    def read(
        self, cpu_seconds: Mapping[str, float], processes: Mapping[str, list[int]]
    ) -> tuple[dict[str, float], UsageRecord]:
        """CPU seconds by component, and the rest, since the last call.

        The caller says what its own components have used so far and which processes they are;
        the data servers, which both sides share, are added here.
        """
        data_pids = _data_pids(self._servers)
        cpu = {**cpu_seconds, **{name: own_cpu_seconds(pid) for name, pid in data_pids.items()}}
        used = difference(cpu, self._cpu)
        self._cpu = cpu
        before, self._data = self._data, read_counters(self._servers)
        held = {**processes, **{name: [pid] for name, pid in data_pids.items()}}
        return used, UsageRecord(
            memory_bytes={name: memory_bytes(pids) for name, pids in held.items()},
            environments=None,
            database=database_usage(before, self._data),
            cache=cache_usage(before, self._data),
        )


def _data_pids(servers: DataServers) -> dict[str, int]:
    """MariaDB and Redis; without the user's own servers, and one that a fault has restarted."""
    pids = {"database": servers.database_pid, "cache": servers.cache_pid}
    return {name: pid for name, pid in pids.items() if pid is not None and is_alive(pid)}
