import os
import socket
from collections.abc import Sequence
from pathlib import Path

import pytest

from emulation.errors import EmulationError
from emulation.starting import PORT_ATTEMPTS, Launch, free_port, log_tail, start_on_free_port
from emulation.supervision import Supervisor


class FakeServer:
    """Runs one shell script per attempt, the last one again and again; notes the ports."""

    def __init__(self, folder: Path, *scripts: str) -> None:
        self.folder = folder
        self.scripts = scripts
        self.ports: list[int] = []

    def command(self, port: int) -> Sequence[str]:
        script = self.scripts[min(len(self.ports), len(self.scripts) - 1)]
        self.ports.append(port)
        return ["sh", "-c", script]

    def launch(self, ready_seconds: float = 20.0) -> Launch:
        return Launch(
            name="fake",
            command=self.command,
            environment={"PATH": os.environ["PATH"]},
            stdin=Path(os.devnull),
            log=self.folder / "log",
            ready_seconds=ready_seconds,
        )

    def says_ready(self, port: int) -> str | None:
        # A line of its own: "Address already in use" has the word in it too.
        return "1.0" if "ready" in self.launch().log.read_text().splitlines() else None


# It lives on for several polls after its words, as a real server does while it ends.
TAKEN = "echo 'bind: Address already in use'; sleep 0.1; exit 1"


def test_a_server_is_there_once_it_answers(supervisor: Supervisor, tmp_path: Path) -> None:
    server = FakeServer(tmp_path, "echo ready; exec sleep 60")

    started = start_on_free_port(supervisor, server.launch(), server.says_ready)

    assert started.version == "1.0"
    assert [started.port] == server.ports
    assert started.child.running


def test_a_port_that_was_taken_meanwhile_is_replaced(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    server = FakeServer(tmp_path, TAKEN, TAKEN, "echo ready; exec sleep 60")

    started = start_on_free_port(supervisor, server.launch(), server.says_ready)

    assert started.port == server.ports[2]


def test_ports_are_not_tried_for_ever(supervisor: Supervisor, tmp_path: Path) -> None:
    server = FakeServer(tmp_path, TAKEN)

    with pytest.raises(EmulationError, match="Address already in use"):
        start_on_free_port(supervisor, server.launch(), server.says_ready)
    assert len(server.ports) == PORT_ATTEMPTS


def test_a_server_that_dies_is_quoted_and_not_tried_again(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    server = FakeServer(tmp_path, "echo starting; echo 'no such option: --x' >&2; exit 3")

    with pytest.raises(EmulationError) as caught:
        start_on_free_port(supervisor, server.launch(), server.says_ready)

    expected = "fake ended with exit code 3; end of its log: starting | no such option: --x"
    assert str(caught.value) == expected
    assert len(server.ports) == 1


def test_a_server_that_never_answers_is_stopped(supervisor: Supervisor, tmp_path: Path) -> None:
    server = FakeServer(tmp_path, "exec sleep 60")

    with pytest.raises(EmulationError, match=r"did not answer within 0\.2 s"):
        start_on_free_port(supervisor, server.launch(0.2), server.says_ready)
    assert supervisor._children == []


def test_a_free_port_can_be_taken() -> None:
    port = free_port()

    with socket.socket() as listener:
        listener.bind(("127.0.0.1", port))


def test_of_a_log_the_last_lines_count(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_bytes(b"".join(b"line %d\n" % number for number in range(100)) + b"\xff end\n")

    assert log_tail(log).startswith("line 93 | ")
    assert log_tail(log).endswith("line 99 | \ufffd end")


def test_a_log_that_is_not_there_is_empty(tmp_path: Path) -> None:
    assert log_tail(tmp_path / "log") == ""
