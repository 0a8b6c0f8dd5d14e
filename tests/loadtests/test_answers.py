import errno

import pytest
from httptools import HttpParserInvalidStatusError

from loadtests.answers import error_kind, is_cold, status_class


@pytest.mark.parametrize(
    ("status", "error", "kind"),
    [
        (200, None, None),
        (503, ValueError("bad status"), "HTTP 503"),
        (201, None, "HTTP 201"),
        (302, None, "HTTP 302"),
        (0, TimeoutError("timed out"), "timeout"),
        (0, ConnectionRefusedError(111, "127.0.0.1:4711"), "connection refused"),
        (0, ConnectionResetError(), "connection closed by the server"),
        (200, ConnectionResetError(), "connection closed by the server"),
        (0, HttpParserInvalidStatusError(), "malformed answer"),
        (0, OSError(errno.EMFILE, "Too many open files"), "too many open files"),
        (0, OSError(errno.EADDRNOTAVAIL, "Cannot assign"), "no free local port"),
        (0, OSError(errno.EHOSTUNREACH, "No route to host"), "OSError"),
        (0, KeyError("other"), "KeyError"),
        (0, None, "no answer"),
    ],
)
def test_failures_have_few_names(status: int, error: Exception | None, kind: str | None) -> None:
    assert error_kind(status, error) == kind


@pytest.mark.parametrize(
    ("status", "error", "expected"),
    [
        (200, None, "2xx"),
        (200, "connection closed by the server", "error"),
        (201, "HTTP 201", "error"),
        (302, "HTTP 302", "3xx"),
        (503, "HTTP 503", "5xx"),
        (0, "timeout", "error"),
        (999, "HTTP 999", "error"),
    ],
)
def test_only_the_answer_that_was_asked_for_is_a_success(
    status: int, error: str | None, expected: str
) -> None:
    assert status_class(status, error) == expected


@pytest.mark.parametrize(
    ("server_timing", "answer"),
    [
        (None, "warm"),
        ("cache;dur=0.2, total;dur=1.0", "warm"),
        ("cold, cache;dur=0.2, total;dur=1.0", "cold"),
        ("total;dur=1.0,cold", "cold"),
        ("cold;dur=230", "cold"),
        ("scolding;dur=1", "warm"),
        ('total;desc="cold"', "warm"),
    ],
)
def test_the_first_answer_of_a_process_says_so(server_timing: str | None, answer: str) -> None:
    assert is_cold(server_timing) is (answer == "cold")
