"""One invocation of a function and how it ended, as Lambda's Invoke API would tell.

Separate because the gateway, the function and its environments all speak of them. Error payloads
are those recorded from AWS by LocalStack (tests/aws/services/lambda_/test_lambda.snapshot.json).
"""

import json
import signal
from collections.abc import Callable
from typing import NamedTuple

MAX_PAYLOAD_BYTES = 6 * 1024 * 1024 + 100
"""Limit of an event and of a result; "Lambda quotas" says 6 MB, AWS's error message 6291556."""


class Outcome(NamedTuple):
    """What the caller of a function gets."""

    payload: bytes
    """The function's JSON, or that of the error."""
    error_type: str | None = None
    """None after success."""
    throttled: bool = False
    """No environment took it: the concurrency limit is reached."""


class Invocation(NamedTuple):
    """One event on its way through a function."""

    request_id: str
    payload: bytes
    trace: str
    """Value of the trace header, with Root, Parent and Sampled."""
    done: Callable[[Outcome], None]
    """Called exactly once."""


THROTTLED = Outcome(
    b'{"Reason":"ReservedFunctionConcurrentInvocationLimitExceeded","Type":"User",'
    b'"message":"Rate Exceeded."}',
    "TooManyRequestsException",
    throttled=True,
)
RESPONSE_TOO_LARGE = Outcome(
    b'{"errorMessage":"Response payload size exceeded maximum allowed payload size '
    b'(6291556 bytes).","errorType":"Function.ResponseSizeTooLarge"}',
    "Function.ResponseSizeTooLarge",
)


def error_outcome(request_id: str, error_type: str, reason: str) -> Outcome:
    """Make the error that Lambda itself reports for an invocation."""
    message = f"RequestId: {request_id} Error: {reason}"
    payload = json.dumps({"errorType": error_type, "errorMessage": message})
    return Outcome(payload.encode(), error_type)


def timeout_outcome(request_id: str, timeout_seconds: float) -> Outcome:
    return error_outcome(
        request_id, "Sandbox.Timedout", f"Task timed out after {timeout_seconds:.2f} seconds"
    )


def exit_outcome(request_id: str, exit_code: int) -> Outcome:
    """The runtime process ended; a negative exit code is the signal that ended it."""
    reason = "Runtime exited without providing a reason"
    if exit_code > 0:
        reason = f"Runtime exited with error: exit status {exit_code}"
    elif exit_code < 0:
        # As Go names signals, in which Lambda's supervisor is written: "signal: killed".
        name = signal.strsignal(-exit_code) or str(-exit_code)
        reason = f"Runtime exited with error: signal: {name.partition(':')[0].lower()}"
    return error_outcome(request_id, "Runtime.ExitError", reason)


def reported_outcome(payload: bytes) -> Outcome:
    """Take an error that the runtime reported: {errorMessage, errorType, ...}."""
    try:
        error_type = json.loads(payload).get("errorType")
    except (ValueError, AttributeError, RecursionError):
        error_type = None
    return Outcome(payload, str(error_type) if error_type else "Runtime.Unknown")
