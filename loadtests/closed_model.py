"""The life of one user who waits for answers.

Separate from Locust and from gevent: sending and sleeping are arguments, so that a life can be
led in fake time.
"""

from collections.abc import Callable

from loadtests.behaviour import Request
from loadtests.block import Block, NewUser

# Sends a request that was intended for these seconds of the block, and returns after its answer.
Send = Callable[[Request, float], None]
# Returns when these seconds of the block have come.
SleepUntil = Callable[[float], None]


def live(block: Block, user: NewUser, send: Send, sleep_until: SleepUntil) -> None:
    """Ask and wait in turn while the user is there; a wait that outlasts this is cut short."""
    for presence in user.presences:
        intended, end = presence.start_seconds, presence.end_seconds
        sleep_until(intended)
        block.active_users.add(user)
        try:
            while intended < end and block.elapsed_seconds < end:
                turn = next(user.turns)
                send(turn.request, intended)
                intended = block.elapsed_seconds + turn.wait_seconds
                sleep_until(min(intended, end))
        finally:
            block.active_users.discard(user)
