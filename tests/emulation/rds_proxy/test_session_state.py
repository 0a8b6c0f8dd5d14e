"""How a connection is brought from one session's state into another's."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulation.rds_proxy.pinning import effect_of
from emulation.rds_proxy.session_state import (
    DroppedDatabase,
    SessionState,
    can_become,
    changed,
    commands_between,
)

UTF8 = SessionState(b"shop", {b"names": b"NAMES utf8mb4"})


def after(state: SessionState, *statements: str) -> SessionState:
    for statement in statements:
        state = changed(state, effect_of(statement.encode()).changes)
    return state


def test_nothing_is_sent_between_equal_states() -> None:
    assert commands_between(UTF8, SessionState(b"shop", {b"names": b"NAMES utf8mb4"})) == []


def test_only_what_differs_is_sent() -> None:
    want = after(UTF8, "USE other", "SET autocommit=0")

    assert commands_between(UTF8, want) == [b"\x02other", b"\x03SET autocommit=0"]


def test_what_the_next_session_does_not_want_goes_back_to_the_servers_value() -> None:
    have = after(UTF8, "SET sql_mode='ANSI', autocommit=0")

    assert commands_between(have, UTF8) == [b"\x03SET sql_mode=DEFAULT, autocommit=DEFAULT"]


def test_names_undo_a_single_character_set() -> None:
    have = after(UTF8, "SET character_set_results = NULL")

    assert commands_between(have, UTF8) == [b"\x03SET NAMES utf8mb4"]
    assert after(have, "SET NAMES utf8mb4") == UTF8


def test_a_single_character_set_is_set_after_the_names() -> None:
    want = after(UTF8, "SET character_set_results = latin1")

    assert commands_between(SessionState(b"shop"), want) == [
        b"\x03SET NAMES utf8mb4, character_set_results=latin1"
    ]


def test_a_connection_cannot_leave_its_database_for_none() -> None:
    assert not can_become(UTF8, SessionState())
    assert can_become(SessionState(), UTF8)


def test_a_dropped_database_is_nobodys_database() -> None:
    assert changed(UTF8, (DroppedDatabase(b"shop"),)).database is None
    assert changed(UTF8, (DroppedDatabase(b"other"),)).database == b"shop"


STATEMENTS = st.lists(
    st.sampled_from(
        [
            "SET NAMES latin1",
            "SET NAMES utf8mb4 COLLATE utf8mb4_bin",
            "SET character_set_client = utf8",
            "SET collation_connection = utf8mb4_bin",
            "SET autocommit = 0",
            "SET autocommit = 1",
            "SET time_zone = DEFAULT",
            "SET time_zone = '+01:00'",
            "USE other",
        ]
    )
)


@given(STATEMENTS, STATEMENTS)
def test_the_commands_between_two_states_lead_from_one_to_the_other(
    one: list[str], other: list[str]
) -> None:
    have, want = after(UTF8, *one), after(UTF8, *other)

    reached = have
    for command in commands_between(have, want):
        if command[0] == 2:
            reached = SessionState(command[1:], reached.settings)
        else:
            reached = changed(reached, effect_of(command[1:]).changes)

    assert reached == want


@pytest.mark.parametrize("text", ["SET autocommit=1", "SET AUTOCOMMIT = on", "SET autocommit=TRUE"])
def test_one_setting_in_several_spellings_is_one_state(text: str) -> None:
    assert after(UTF8, text).settings[b"autocommit"] == b"1"
