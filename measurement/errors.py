"""What can go wrong while measuring, in words a user can act on."""


class MeasurementError(Exception):
    """Something out there (a server, a file, a program) keeps the run from going on."""


class ArgumentError(MeasurementError):
    """What the user named on the command line cannot be used; the message names the argument."""
