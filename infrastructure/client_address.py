"""The public address of this machine, which alone may reach the EC2 side."""

import urllib.error
import urllib.request
from ipaddress import AddressValueError, IPv4Address
from typing import Final

from infrastructure.errors import SettingError

ASK: Final = "https://checkip.amazonaws.com"
"""AWS's own service for this question; it answers with the address on one line."""
_SECONDS: Final = 5.0


def own_cidr(url: str = ASK) -> str:
    """This machine's public IPv4 address as a network of one; SettingError without an answer."""
    try:
        with urllib.request.urlopen(url, timeout=_SECONDS) as answer:  # noqa: S310 - https, or a test's own
            text = answer.read(64).decode("ascii", "replace").strip()
        return f"{IPv4Address(text)}/32"
    except (urllib.error.URLError, OSError, AddressValueError) as error:
        raise SettingError(
            f"--client-cidr: {url} does not say what this machine's public address is ({error});"
            " give it, such as --client-cidr 203.0.113.7/32"
        ) from error
