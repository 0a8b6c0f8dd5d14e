"""What makes a comparison impossible, in words a user can act on."""


class ComparisonError(Exception):
    """The records or the prices do not allow the answer that was asked for."""
