"""What statements do to their session. Conditions: rds-proxy-pinning.html."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulation.rds_proxy.pinning import NO_EFFECT, PinReason, effect_of
from emulation.rds_proxy.session_state import (
    Change,
    DatabaseChange,
    DroppedDatabase,
    SettingChange,
)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1",
        "select * from t where a = 'x@y;z' -- a@b;c",
        "SELECT @@version",
        "INSERT INTO t VALUES ('get_lock(1)')",
        "BEGIN",
        "CALL p(1)",
        "GRANT SELECT ON a.* TO 'u'@'localhost'",
        "SET GLOBAL max_connections = 5",
        "SET @@global.max_connections = 5",
        "SET STATEMENT max_statement_time = 1 FOR SELECT 1",
        "CREATE TABLE t (a INT)",
        "FLUSH TABLES",
        "SELECT 1;",
        "# only a comment",
        "",
    ],
)
def test_ordinary_statements_do_nothing_to_their_session(sql: str) -> None:
    assert effect_of(sql.encode()) == NO_EFFECT


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ("SELECT '" + "x" * 16384 + "'", PinReason.LONG_STATEMENT),
        ("PREPARE s FROM 'SELECT 1'", PinReason.PREPARED_STATEMENT),
        ("SELECT 1; SELECT 2", PinReason.MULTIPLE_STATEMENTS),
        ("SET @a = 1", PinReason.USER_VARIABLE),
        ("SELECT 1 INTO @a", PinReason.USER_VARIABLE),
        ("SELECT @`odd name`", PinReason.USER_VARIABLE),
        ("SET max_statement_time = 1", PinReason.SET_VARIABLE),
        ("SET autocommit = 1, max_statement_time = 1", PinReason.SET_VARIABLE),
        ("SET sql_mode = CONCAT(@@sql_mode, ',ANSI')", PinReason.SET_VARIABLE),
        ("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE", PinReason.SET_VARIABLE),
        ("create /* why */ temporary table t (a int)", PinReason.TEMPORARY_TABLE),
        ("LOCK TABLES t READ", PinReason.LOCK_TABLES),
        ("FLUSH TABLES WITH READ LOCK", PinReason.LOCK_TABLES),
        ("SELECT GET_LOCK('a', 1)", PinReason.NAMED_LOCK),
        ("HANDLER t OPEN", PinReason.HANDLER),
    ],
)
def test_what_cannot_move_to_another_connection_pins(sql: str, reason: PinReason) -> None:
    assert effect_of(sql.encode()).pin is reason


@pytest.mark.parametrize(
    ("sql", "changes"),
    [
        ("SET NAMES utf8mb4", [SettingChange(b"names", b"NAMES utf8mb4")]),
        (
            "set names 'latin1' collate latin1_bin",
            [SettingChange(b"names", b"NAMES latin1 COLLATE latin1_bin")],
        ),
        ("SET CHARACTER SET utf8", [SettingChange(b"names", b"CHARACTER SET utf8")]),
        ("/*!40101 SET NAMES utf8 */;", [SettingChange(b"names", b"NAMES utf8")]),
        ("SET AUTOCOMMIT=off", [SettingChange(b"autocommit", b"0")]),
        ("SET autocommit = DEFAULT", [SettingChange(b"autocommit", None)]),
        (
            "SET @@session.sql_mode = 'A,B', time_zone = \"+01:00\"",
            [SettingChange(b"sql_mode", b"'A,B'"), SettingChange(b"time_zone", b'"+01:00"')],
        ),
        (
            "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED",
            [SettingChange(b"tx_isolation", b"'READ-COMMITTED'")],
        ),
        ("SET SESSION TRANSACTION READ ONLY", [SettingChange(b"tx_read_only", b"1")]),
        (
            "SET transaction_isolation = 'SERIALIZABLE'",
            [SettingChange(b"tx_isolation", b"'SERIALIZABLE'")],
        ),
        ("USE `odd``name`", [DatabaseChange(b"odd`name")]),
        ("DROP DATABASE IF EXISTS old", [DroppedDatabase(b"old")]),
    ],
)
def test_what_can_move_is_tracked(sql: str, changes: list[Change]) -> None:
    effect = effect_of(sql.encode())

    assert (effect.pin, list(effect.changes)) == (None, changes)


@given(st.binary(max_size=200))
def test_no_text_confuses_it(sql: bytes) -> None:
    effect_of(sql)


@given(st.text(alphabet="ab'\"`\\;@#-/* \n", max_size=30))
def test_nothing_within_a_literal_counts(text: str) -> None:
    literal = "'" + text.replace("\\", "\\\\").replace("'", "''") + "'"

    assert effect_of(f"DO {literal}".encode()) == NO_EFFECT
