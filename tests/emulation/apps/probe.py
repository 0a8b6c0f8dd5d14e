"""A function whose request path says what it does."""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

Event = dict[str, Any]
REQUESTS = 0


def handler(event: Event, context: Any) -> Any:
    global REQUESTS  # noqa: PLW0603 - what an environment keeps between invocations
    REQUESTS += 1
    action, _, argument = event["path"].strip("/").partition("/")
    return ACTIONS[action](argument, event, context)


def answer(values: object) -> dict[str, object]:
    return {"statusCode": 200, "body": json.dumps(values)}


def hello(_: str, _event: Event, _context: object) -> object:
    return answer({"pid": os.getpid(), "requests": REQUESTS})


def echo(_: str, event: Event, _context: object) -> object:
    return answer(event)


def environ(_: str, _event: Event, _context: object) -> object:
    files = [name for _, _, names in os.walk(".") for name in names]
    return answer({"environ": dict(os.environ), "cwd": str(Path.cwd()), "files": files})


def context_(_: str, _event: Event, context: Any) -> object:
    return answer(
        {
            "request_id": context.aws_request_id,
            "function_name": context.function_name,
            "arn": context.invoked_function_arn,
            "remaining_ms": context.get_remaining_time_in_millis(),
        }
    )


def sleep(seconds: str, _event: Event, _context: object) -> object:
    time.sleep(float(seconds))
    return answer({"pid": os.getpid()})


def late(text: str, _event: Event, _context: object) -> object:
    """Answer when an impatient client is gone; say so in the log."""
    time.sleep(0.3)
    print(text)  # noqa: T201 - goes to the function's log
    return answer({})


def wait(path: str, _event: Event, _context: object) -> object:
    gate = Path(bytes.fromhex(path).decode())
    while not gate.exists():
        time.sleep(0.01)
    return answer({"pid": os.getpid()})


def exit_(code: str, _event: Event, _context: object) -> object:
    sys.exit(int(code))


def raise_(message: str, _event: Event, _context: object) -> object:
    raise ValueError(message)


def big(size: str, _event: Event, _context: object) -> object:
    return {"statusCode": 200, "body": "x" * int(size)}


def print_(text: str, _event: Event, _context: object) -> object:
    print(text, end="")  # noqa: T201 - goes to the function's log
    print("to stderr", file=sys.stderr)  # noqa: T201
    return answer({})


def result(text: str, _event: Event, _context: object) -> object:
    return json.loads(bytes.fromhex(text))


def child(_: str, _event: Event, _context: object) -> object:
    return answer({"pid": subprocess.Popen(["sleep", "60"]).pid})


def burn(cpu_seconds: str, _event: Event, _context: object) -> object:
    """Use so much CPU time; say how long that took."""
    began, until = time.monotonic(), time.process_time() + float(cpu_seconds)
    while time.process_time() < until:
        pass
    return answer({"wall_seconds": time.monotonic() - began})


def hold(argument: str, _event: Event, _context: object) -> object:
    """Take so many MB of memory, keep them for a time, and give them back."""
    megabytes, _, seconds = argument.partition("/")
    held = b"x" * (int(megabytes) * 2**20)
    time.sleep(float(seconds))
    return answer({"held": len(held)})


def open_(_: str, _event: Event, _context: object) -> object:
    """Open files until there are no more descriptors; how many there were in all."""
    opened = []
    try:
        while True:
            opened.append(os.open(os.devnull, os.O_RDONLY))
    except OSError:
        return answer({"highest": opened[-1]})
    finally:
        for descriptor in opened:
            os.close(descriptor)


def tick(path: str, _event: Event, _context: object) -> object:
    """Let a file grow in a thread that outlives the invocation."""
    file = Path(bytes.fromhex(path).decode())
    threading.Thread(target=_grow, args=(file,), daemon=True).start()
    return answer({})


def _grow(file: Path) -> None:
    with file.open("ab", buffering=0) as growing:
        while True:
            growing.write(b".")
            time.sleep(0.005)


ACTIONS: dict[str, Callable[[str, Event, Any], object]] = {
    "big": big,
    "burn": burn,
    "child": child,
    "context": context_,
    "echo": echo,
    "environ": environ,
    "exit": exit_,
    "hello": hello,
    "hold": hold,
    "late": late,
    "open": open_,
    "print": print_,
    "raise": raise_,
    "result": result,
    "sleep": sleep,
    "tick": tick,
    "wait": wait,
}
