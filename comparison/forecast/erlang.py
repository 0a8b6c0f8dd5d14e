"""Erlang's formulas, for the fluid model: how many requests wait or are lost.

Separate from the model, so that each formula is tested alone. Arguments are a number of servers and
the offered load: requests per second times seconds each.
"""

from functools import lru_cache
from math import erf, exp, pi, sqrt

_EXACT_UP_TO = 5000
"""Servers; above, the normal distribution stands for Poisson's: within 1 % there."""
_FAR = 9.0
"""So many standard deviations above its mean a load is never."""


@lru_cache(maxsize=1 << 16)
def lost_share(servers: int, offered: float) -> float:
    """Erlang B: the share of requests that find all servers busy."""
    if offered <= 0 or offered + _FAR * sqrt(offered) + 20 < servers:
        return 0.0
    if servers > _EXACT_UP_TO:
        distance = (servers - offered) / sqrt(offered)
        density = exp(-(distance**2) / 2) / sqrt(2 * pi)
        below = (1 + erf(distance / sqrt(2))) / 2
        # Far above capacity the approximation fails, and what cannot be served is lost.
        return max(density / (sqrt(offered) * max(below, 1e-12)), 1 - servers / offered)
    lost = 1.0
    for server in range(1, servers + 1):
        lost = offered * lost / (server + offered * lost)
    return lost


def waiting_share(servers: int, offered: float) -> float:
    """Erlang C: the share of requests that wait; 1 from full load on."""
    if offered >= servers:
        return 1.0
    lost = lost_share(servers, offered)
    return lost / (1 - offered / servers * (1 - lost))
