"""How many files this process may open: a server with a thousand clients needs more than 1,024."""

import contextlib
import resource

_WANTED = 65536


def raise_descriptor_limit() -> None:
    """Raise the soft limit as far as the hard one allows, to 65,536 at most."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _WANTED if hard == resource.RLIM_INFINITY else min(hard, _WANTED)
    if wanted > soft:
        with contextlib.suppress(ValueError, OSError):  # macOS refuses more than OPEN_MAX
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
