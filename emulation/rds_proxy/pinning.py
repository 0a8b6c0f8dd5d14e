"""What a statement does to its session: nothing, a change that can be tracked, or a pin.

After "Avoiding pinning an RDS Proxy" (https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/
rds-proxy-pinning.html), conditions for MariaDB. Statements are looked at, not parsed: where in
doubt, the session is pinned, which costs a connection and never a wrong answer. Not seen, as on
AWS: a SELECT of LAST_INSERT_ID(), ROW_COUNT() or FOUND_ROWS() after another session's statement.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from emulation.rds_proxy.protocol import PREPARED_STATEMENT_COMMANDS, Command
from emulation.rds_proxy.session_state import (
    AUTOCOMMIT,
    NAMES,
    Change,
    DatabaseChange,
    DroppedDatabase,
    SettingChange,
    tracked_name,
)

LONGEST_STATEMENT_BYTES = 16 * 1024
"""Longer ones pin, whatever they do."""


class PinReason(StrEnum):
    """Why a session keeps one database connection to its end."""

    LONG_STATEMENT = "statement text above 16 KB"
    PREPARED_STATEMENT = "prepared statement"
    MULTIPLE_STATEMENTS = "several statements in one"
    USER_VARIABLE = "user variable"
    SET_VARIABLE = "SET of a variable that is not tracked"
    TEMPORARY_TABLE = "temporary table"
    LOCK_TABLES = "LOCK TABLES or FLUSH TABLES WITH READ LOCK"
    NAMED_LOCK = "GET_LOCK"
    HANDLER = "HANDLER"


@dataclass(frozen=True, slots=True)
class Effect:
    """What a statement does to its session once it has succeeded."""

    pin: PinReason | None = None
    changes: tuple[Change, ...] = ()


NO_EFFECT: Final = Effect()
_PREPARED: Final = Effect(PinReason.PREPARED_STATEMENT)

# The ordinary statements that need no second look, in one pass.
_PLAIN: Final = re.compile(
    rb"\s*(?:select|insert|update|delete|replace|show|with|begin|start|commit|rollback|explain|call)"
    rb"\b[^@;]*\Z",
    re.IGNORECASE,
)
_NAMED_LOCK: Final = re.compile(rb"\bget_lock\s*\(", re.IGNORECASE)
_LITERAL: Final = rb"'(?:[^'\\]|\\.|'')*'|\"(?:[^\"\\]|\\.|\"\")*\"|`(?:[^`]|``)*`"
_LITERALS: Final = re.compile(_LITERAL, re.DOTALL)
_COMMENTS: Final = re.compile(
    rb"(" + _LITERAL + rb")|/\*M?!\d*|/\*(?!M?!).*?\*/|\*/|--(?=[\s\x00]|\Z)[^\n]*|#[^\n]*",
    re.DOTALL,
)
_SECOND_STATEMENT: Final = re.compile(rb";\s*[^\s;]")
_USER_VARIABLE: Final = re.compile(rb"(?<![@\w'\"`])@(?=[\w.$'\"`])")
_FIRST_WORD: Final = re.compile(rb"[\s(]*(\w+)")
_TEMPORARY: Final = re.compile(rb"create\s+(?:or\s+replace\s+)?temporary\b", re.IGNORECASE)
_READ_LOCK: Final = re.compile(rb"\bwith\s+read\s+lock\b|\bfor\s+export\b", re.IGNORECASE)
_IDENTIFIER: Final = rb"(?:`((?:[^`]|``)+)`|([\w$\x80-\xff]+))"
_USE: Final = re.compile(rb"use\s*" + _IDENTIFIER + rb"\s*;?", re.IGNORECASE)
_DROP_DATABASE: Final = re.compile(
    rb"drop\s+(?:database|schema)\s+(?:if\s+exists\s+)?" + _IDENTIFIER + rb"\s*;?", re.IGNORECASE
)
_SET_NAMES: Final = re.compile(
    rb"(?:(names)|char(?:acter\s+)?\s*set)\s+['\"]?(\w+)['\"]?(?:\s+collate\s+['\"]?(\w+)['\"]?)?",
    re.IGNORECASE,
)
_SET_ISOLATION: Final = re.compile(
    rb"(?:session|local)\s+transaction\s+isolation\s+level\s+([a-z]+(?:\s+[a-z]+)?)", re.IGNORECASE
)
_SET_READ_ONLY: Final = re.compile(
    rb"(?:session|local)\s+transaction\s+read\s+(only|write)", re.IGNORECASE
)
_SET_VARIABLE: Final = re.compile(
    rb"(?:session\s+|local\s+|@@(?:session\s*\.\s*|local\s*\.\s*)?)?`?(\w+)`?\s*:?=\s*(.+)",
    re.IGNORECASE | re.DOTALL,
)
_SET_GLOBAL: Final = re.compile(rb"(?:global\s+|@@global\s*\.)", re.IGNORECASE)
_CONSTANT: Final = re.compile(rb"'[^'\\]*'|\"[^\"\\]*\"|[-+]?[\w.]+")
# Said to the server or for one statement: no state of the session.
_SET_NO_STATE: Final = re.compile(rb"statement\b|password\b|default\s+role\b", re.IGNORECASE)
_SEPARATORS: Final = re.compile(_LITERAL + rb"|[(),]", re.DOTALL)
_SWITCH: Final = {b"1": b"1", b"on": b"1", b"true": b"1", b"0": b"0", b"off": b"0", b"false": b"0"}


def effect_of_command(payload: bytes) -> Effect:
    """What a client's command does to its session."""
    command = payload[0]
    if command == Command.QUERY:
        return effect_of(payload[1:])
    if command == Command.INIT_DB:
        return Effect(changes=(DatabaseChange(payload[1:]),))
    return _PREPARED if command in PREPARED_STATEMENT_COMMANDS else NO_EFFECT


def effect_of(sql: bytes) -> Effect:
    """What this text of a query does to its session."""
    if len(sql) > LONGEST_STATEMENT_BYTES:
        return Effect(PinReason.LONG_STATEMENT)
    # Nearly always there is no such word; to look for it with a pattern takes ten times as long.
    if _PLAIN.match(sql) and b"get_lock" not in sql.lower():
        return NO_EFFECT
    text = _COMMENTS.sub(lambda found: found[1] or b" ", sql).strip()
    # With literals emptied, what is left of ; and @ means something.
    bare = _LITERALS.sub(lambda found: found[0][:1] * 2, text)
    if _SECOND_STATEMENT.search(bare):
        return Effect(PinReason.MULTIPLE_STATEMENTS)
    if _USER_VARIABLE.search(bare):
        return Effect(PinReason.USER_VARIABLE)
    if _NAMED_LOCK.search(bare):
        return Effect(PinReason.NAMED_LOCK)
    return _effect_by_first_word(text, bare)


def _effect_by_first_word(text: bytes, bare: bytes) -> Effect:  # noqa: PLR0911 - one for each kind of statement
    found = _FIRST_WORD.match(bare)
    word = found[1].lower() if found else b""
    if word == b"set":
        return _effect_of_set(text.rstrip(b"; \t\r\n")[3:].strip())
    if used := _USE.fullmatch(text):
        return Effect(changes=(DatabaseChange(_identifier(used)),))
    if dropped := _DROP_DATABASE.fullmatch(text):
        return Effect(changes=(DroppedDatabase(_identifier(dropped)),))
    if word in (b"prepare", b"execute", b"deallocate"):
        return Effect(PinReason.PREPARED_STATEMENT)
    if word == b"create" and _TEMPORARY.match(bare):
        return Effect(PinReason.TEMPORARY_TABLE)
    if word == b"lock" or (word == b"flush" and _READ_LOCK.search(bare)):
        return Effect(PinReason.LOCK_TABLES)
    return Effect(PinReason.HANDLER) if word == b"handler" else NO_EFFECT


def _identifier(found: re.Match[bytes]) -> bytes:
    quoted: bytes | None = found[1]
    return found[2] if quoted is None else quoted.replace(b"``", b"`")


def _effect_of_set(assignments: bytes) -> Effect:
    if _SET_NO_STATE.match(assignments):
        return NO_EFFECT
    changes: list[Change] = []
    pin = None
    for assignment in _separated(assignments):
        found = _changes_of_assignment(assignment)
        if found is None:
            pin = PinReason.SET_VARIABLE
        else:
            changes += found
    return Effect(pin, tuple(changes))


def _changes_of_assignment(assignment: bytes) -> list[Change] | None:
    """What one part of a SET changes in the session; None where that is not tracked."""
    if _SET_GLOBAL.match(assignment):
        return []
    if found := _SET_NAMES.fullmatch(assignment):
        return [SettingChange(NAMES, _names_clause(found))]
    if found := _SET_ISOLATION.fullmatch(assignment):
        level = b"-".join(found[1].upper().split())
        return [SettingChange(b"tx_isolation", b"'" + level + b"'")]
    if found := _SET_READ_ONLY.fullmatch(assignment):
        read_only = b"1" if found[1].lower() == b"only" else b"0"
        return [SettingChange(b"tx_read_only", read_only)]
    found = _SET_VARIABLE.fullmatch(assignment)
    name = tracked_name(found[1]) if found else None
    if found is None or name is None or not _CONSTANT.fullmatch(found[2].strip()):
        return None
    return _setting(name, found[2].strip())


def _setting(name: bytes, value: bytes) -> list[Change] | None:
    if value.lower() == b"default":
        return [SettingChange(name, None)]
    if name == AUTOCOMMIT:
        switch = _SWITCH.get(value.lower())
        return None if switch is None else [SettingChange(name, switch)]
    return [SettingChange(name, value)]


def _names_clause(found: re.Match[bytes]) -> bytes | None:
    names, character_set, collation = found[1], found[2].lower(), found[3]
    if not names:
        return b"CHARACTER SET " + character_set
    if character_set == b"default":
        return None
    clause = b"NAMES " + character_set
    return clause + b" COLLATE " + collation.lower() if collation else clause


def _separated(assignments: bytes) -> list[bytes]:
    """The parts between the commas that stand in no literal and no parentheses."""
    parts, depth, begin = [], 0, 0
    for found in _SEPARATORS.finditer(assignments):
        mark = found[0]
        depth += (mark == b"(") - (mark == b")")
        if mark == b"," and depth == 0:
            parts.append(assignments[begin : found.start()].strip())
            begin = found.end()
    return [*parts, assignments[begin:].strip()]
