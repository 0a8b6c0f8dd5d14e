"""What can go wrong while measuring, in words a user can act on."""


class MeasurementError(Exception):
    """Something out there (a server, a file, a program) keeps the run from going on."""
