"""What of a client's session can move from one database connection to another, and how it is moved.

RDS Proxy tracks these and only these without pinning ("Avoiding pinning an RDS Proxy", Amazon RDS
User Guide: autocommit, character sets and collations, SQL_MODE, TIME_ZONE, isolation level, time
limits, the current database). Separate from pinning.py, which finds the changes in statements.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from emulation.rds_proxy.protocol import Command

NAMES: Final = b"names"
"""The setting that holds a whole clause, as NAMES utf8mb4 or CHARACTER SET latin1."""
AUTOCOMMIT: Final = b"autocommit"
TRACKED: Final = frozenset(
    {
        AUTOCOMMIT,
        b"sql_mode",
        b"time_zone",
        b"tx_isolation",
        b"tx_read_only",
        b"wait_timeout",
        b"interactive_timeout",
        b"net_write_timeout",
        b"session_track_schema",
    }
)
# MariaDB 11.1 named these as MySQL does, and still knows the old names.
_ALIASES: Final = {
    b"transaction_isolation": b"tx_isolation",
    b"transaction_read_only": b"tx_read_only",
}
_CHARACTER_SETTING: Final = re.compile(rb"(?:character_set|collation)_\w+")


@dataclass(frozen=True, slots=True)
class SessionState:
    """Tracked state; a setting that is absent has the server's own value."""

    database: bytes | None = None
    settings: Mapping[bytes, bytes] = field(default_factory=dict)
    """Name in lower case -> SQL text of the value."""


@dataclass(frozen=True, slots=True)
class DatabaseChange:
    """The session now uses this database."""

    database: bytes


@dataclass(frozen=True, slots=True)
class DroppedDatabase:
    """A database is gone; a session that used it uses none now."""

    database: bytes


@dataclass(frozen=True, slots=True)
class SettingChange:
    """The session now has this setting; value None: the server's own."""

    name: bytes
    value: bytes | None


Change = DatabaseChange | DroppedDatabase | SettingChange


def tracked_name(variable: bytes) -> bytes | None:
    """The setting's name for a session variable; None where it is not tracked."""
    name = variable.lower()
    name = _ALIASES.get(name, name)
    return name if name in TRACKED or _CHARACTER_SETTING.fullmatch(name) else None


def changed(state: SessionState, changes: tuple[Change, ...]) -> SessionState:
    """The state after these changes, in their order."""
    database, settings = state.database, dict(state.settings)
    for change in changes:
        if isinstance(change, DatabaseChange):
            database = change.database
            continue
        if isinstance(change, DroppedDatabase):
            database = None if database == change.database else database
            continue
        if change.name == NAMES:
            settings = {name: settings[name] for name in settings if not _of_names(name)}
        settings.pop(change.name, None)
        if change.value is not None:
            settings[change.name] = change.value
    return SessionState(database, settings)


def can_become(have: SessionState, want: SessionState) -> bool:
    """Whether a connection can be brought there: no command makes it leave its database."""
    return want.database is not None or have.database is None


def commands_between(have: SessionState, want: SessionState) -> list[bytes]:
    """The payloads of the commands that bring a connection from one state into another."""
    commands = []
    if want.database is not None and want.database != have.database:
        commands.append(bytes((Command.INIT_DB,)) + want.database)
    if want.settings != have.settings:
        clauses = _clauses(have.settings, want.settings)
        commands.append(bytes((Command.QUERY,)) + b"SET " + b", ".join(clauses))
    return commands


def _clauses(have: Mapping[bytes, bytes], want: Mapping[bytes, bytes]) -> list[bytes]:
    clauses = []
    # NAMES sets several variables at once: they are set together or not at all.
    same_names = all(have.get(name) == want.get(name) for name in {*have, *want} if _of_names(name))
    if not same_names:
        clauses.append(want.get(NAMES, b"NAMES DEFAULT"))
    for name, value in want.items():
        moved = not same_names if _of_names(name) else have.get(name) != value
        if moved and name != NAMES:
            clauses.append(name + b"=" + value)
    clauses += [name + b"=DEFAULT" for name in have if name not in want and not _of_names(name)]
    return clauses


def _of_names(name: bytes) -> bool:
    return name == NAMES or _CHARACTER_SETTING.fullmatch(name) is not None
