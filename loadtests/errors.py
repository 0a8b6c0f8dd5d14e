"""What can be wrong with a load test, in words a user can act on."""


class LoadTestError(Exception):
    """A profile, an option or a file of the load test is not as it must be."""


class FieldError(LoadTestError):
    """One field of a profile is wrong; `field` is its path, as `closed.think_time.seconds`."""

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(f"{field} {problem}")
        self.field = field
        self.problem = problem

    def within(self, table: str) -> "FieldError":
        """The same error, seen from the table that holds this one."""
        return FieldError(f"{table}.{self.field}", self.problem)
