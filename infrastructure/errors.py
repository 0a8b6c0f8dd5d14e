"""What can go wrong with an AWS account, in words a user can act on."""


class InfrastructureError(Exception):
    """AWS, or what stands in the account, keeps the command from going on."""


class SettingError(InfrastructureError):
    """What the user named (a flag, a variable, a file) cannot be used; the message names it."""


class StackBlockedError(InfrastructureError):
    """A stack can only be deleted and created again; `name` says which."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(message)
        self.name = name
