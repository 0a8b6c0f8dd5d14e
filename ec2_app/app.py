"""WSGI in, shared.api out: translation and nothing else."""

import os
import signal
import threading
from collections.abc import Callable, Iterable
from typing import Any, TypeAlias

from ec2_app.signals import DRAIN_SIGNAL
from shared.access_log import QueuedAccessLog
from shared.api import Api
from shared.bootstrap import build_api
from shared.settings import settings_from_environ

StartResponse: TypeAlias = Callable[[str, list[tuple[str, str]]], Any]
Application: TypeAlias = Callable[[dict[str, Any], StartResponse], Iterable[bytes]]


def create_app(api: Api, draining: threading.Event | None = None) -> Application:
    """The WSGI callable that answers with `api`; while `draining`, each answer ends its connection.

    A client cannot know that an idle connection is about to be closed. Told with the answer, it
    sends its next request elsewhere instead of into a closing connection.
    """
    draining = draining or threading.Event()

    def application(environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        # A body is left unread: nobody asks for one, and one that trickles in would hold a thread.
        # WSGI hands the path over percent-decoded, its bytes disguised as Latin-1, and may leave it
        # out when it is empty (PEP 3333).
        path = environ.get("PATH_INFO", "")
        if not path.isascii():
            path = path.encode("latin-1").decode("utf-8", "replace")
        response = api.handle(
            environ["REQUEST_METHOD"],
            path,
            environ.get("HTTP_IF_NONE_MATCH", ""),
            environ.get("HTTP_X_REQUEST_ID", ""),
        )
        headers = [*response.headers.items()]
        if response.status != 304:  # has neither body nor length
            headers.append(("Content-Length", str(len(response.body))))
        if draining.is_set():
            headers.append(("Connection", "close"))
        start_response(response.status_line, headers)
        return [response.body]

    return application


def app_from_environment() -> Application:
    """What the server loads in each worker; raises SettingsError naming a missing variable."""
    settings = settings_from_environ(os.environ)
    access_log = QueuedAccessLog()
    draining = threading.Event()
    signal.signal(DRAIN_SIGNAL, lambda _number, _frame: draining.set())
    app = create_app(build_api(settings, access_log), draining)
    if settings.access_log:
        access_log.start()
    return app
