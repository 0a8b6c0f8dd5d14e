"""What can go wrong on this machine, in words a user can act on."""


class EmulationError(Exception):
    """A server, a process or a file of the local AWS stand-ins is not as it must be."""
