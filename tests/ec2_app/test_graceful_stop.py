"""SIGTERM while clients send all the time on kept connections: no request is lost."""

import contextlib
import http.client
import os
import signal
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from ec2_app import server
from emulation.private_servers import DataServers
from emulation.starting import free_port
from emulation.supervision import Supervisor
from tests.ec2_app.test_server import PATIENCE_SECONDS, REPOSITORY, wait_for, workers

CLIENTS = 8
ANSWERS_BEFORE = 20
# On a machine that is busy a client may pause for longer than the server's half second.
PATIENT_SERVER = """
import sys
from ec2_app import server
server.DRAIN_SECONDS = 3.0
sys.exit(server.main(sys.argv[1:]))
"""


@dataclass
class Client:
    """Sends one request after the other until it finds the server gone."""

    port: int
    stopping: threading.Event
    under_way: threading.Event
    answered: int = 0
    lost: int = 0

    def run(self) -> None:
        while True:
            opened_late = self.stopping.is_set()
            connection = http.client.HTTPConnection("127.0.0.1", self.port, PATIENCE_SECONDS)
            with contextlib.closing(connection):
                try:
                    connection.connect()
                    self._use(connection)
                except (OSError, http.client.HTTPException):
                    # Nobody promises anything to who connects after the stop began.
                    self.lost += not opened_late
                    return

    def _use(self, connection: http.client.HTTPConnection) -> None:
        while connection.sock is not None:  # until an answer says that it was the last
            connection.request("GET", f"/customerdata/{self.answered % 5000 + 1}")
            response = connection.getresponse()
            assert response.status == 200
            assert response.read().endswith(b"]}")
            self.answered += 1
            if self.answered == ANSWERS_BEFORE:
                self.under_way.set()


def test_a_stop_under_load_loses_no_request(
    supervisor: Supervisor, data_servers: DataServers
) -> None:
    port = free_port()
    environment = {
        "PATH": os.defpath,
        "DATABASE_URL": data_servers.database_url,
        "CACHE_URL": data_servers.cache_url,
        "CACHE_KEY_PREFIX": "test-stop:",
        "CACHE_TIMEOUT_SECONDS": "10",
        "DATABASE_TIMEOUT_SECONDS": "10",
    }
    command = [sys.executable, "-c", PATIENT_SERVER, "--port", str(port)]
    child = supervisor.start("ec2_app", command, environment=environment, cwd=REPOSITORY)
    wait_for(lambda: len(workers(child)) == server.WORKERS, child)
    stopping = threading.Event()
    clients = [Client(port, stopping, threading.Event()) for _ in range(CLIENTS)]
    with ThreadPoolExecutor(CLIENTS) as pool:
        running = [pool.submit(client.run) for client in clients]
        for client in clients:
            assert client.under_way.wait(PATIENCE_SECONDS)
        stopping.set()
        child.process.send_signal(signal.SIGTERM)
        exit_code = child.process.wait(PATIENCE_SECONDS)
        for each in running:
            each.result()

    assert exit_code == 0
    assert [client.lost for client in clients] == [0] * CLIENTS
    assert all(client.answered >= ANSWERS_BEFORE for client in clients)
