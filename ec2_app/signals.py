"""What the server tells its workers.

Separate so that the server's own process, which only starts and stops others, need not import the
service: 13 MB of memory instead of 29.
"""

import signal

DRAIN_SIGNAL = signal.SIGUSR1
"""Let each answer end its connection; sent some time before SIGTERM."""
