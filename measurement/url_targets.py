"""Servers that the user names by their URLs: nothing is started, nothing is metered.

Peers of the local targets and of those on AWS, for any service that answers GET. Of what stands
behind a URL nothing is known: no CPU time, no cache, no bill. What is measured is latency.
"""

import ipaddress
import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

from comparison.figures import is_between
from loadtests.profiles import Profile
from measurement.answers import Probe
from measurement.errors import ArgumentError
from measurement.targets import NOTHING_HELD, Usage

_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,19}")
_EXAMPLE: Final = "--urls old=http://127.0.0.1:8080,new=http://127.0.0.1:8081"


class UrlTarget:
    """A server that is there already."""

    cache_key_prefix = ""

    def __init__(self, name: str, url: str) -> None:
        self.name = name
        self._url = url

    def start(self) -> str:
        """Its base URL; whether it answers is asked by the check of answers."""
        return self._url

    def running(self) -> bool:
        return True

    def usage(self) -> Usage:
        return Usage({}, NOTHING_HELD, serverless=None)

    def stop(self) -> None:
        """It is not ours to stop."""


def parse_urls(text: str) -> dict[str, str]:
    """From "a=http://x,b=http://y" to base URLs by side; ArgumentError names the part at fault."""
    found: dict[str, str] = {}
    for part in text.split(","):
        name, equals, url = part.strip().partition("=")
        if not equals:
            raise ArgumentError(f"--urls: {part.strip()!r} is no NAME=URL, as in {_EXAMPLE}")
        if not _NAME.fullmatch(name) or is_between(name):
            raise ArgumentError(
                f"--urls: {name!r} is no name of a side: begin with a letter, go on with up to 19"
                " letters, digits, - or _"
            )
        if name in found:
            raise ArgumentError(f"--urls: {name!r} stands twice; give each side its own name")
        found[name] = _base_url(name, url)
    return found


def _base_url(name: str, url: str) -> str:
    try:
        parts = urlsplit(url)
        valid = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        valid = None
    if not valid:
        raise ArgumentError(f"--urls {name}: {url!r} is no http:// or https:// URL")
    if parts.username is not None or parts.query or parts.fragment:
        raise ArgumentError(
            f"--urls {name}: a base URL has no user, query or fragment; paths and queries stand in"
            " the profile"
        )
    return url.rstrip("/")


def other_hosts(urls: Mapping[str, str]) -> tuple[str, ...]:
    """The hosts among these that are not this machine, each once."""
    hosts = (urlsplit(url).hostname or "" for url in urls.values())
    return tuple(dict.fromkeys(host for host in hosts if not _is_this_machine(host)))


def _is_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def profile_probes(profile: Profile) -> tuple[Probe, ...]:
    """What is asked of all sides before the load: each path, with its first, middle and last id."""
    keys = profile.keys
    ids = dict.fromkeys((keys.first_id, (keys.first_id + keys.last_id) // 2, keys.last_id))
    paths = dict.fromkeys(path.replace("{id}", str(one)) for path in profile.asked for one in ids)
    return tuple(Probe("GET", path, 200) for path in paths)
