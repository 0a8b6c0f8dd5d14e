"""What can be wrong with a load test, in words a user can act on."""


class LoadTestError(Exception):
    """A profile, an option or a file of the load test is not as it must be."""
