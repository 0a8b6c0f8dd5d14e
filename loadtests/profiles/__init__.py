"""Loads as data: who asks how often, for what, for how long.

Separate from the code that makes the load, so that a new profile is one TOML file here and so that
the tool can read it without starting a load generator. docs/profiles.md describes the files.
"""

from loadtests.profiles.catalogue import (
    DEFAULT_PROFILE,
    PROFILES,
    customised,
    find_profile,
    read_profile,
    shortened,
    with_faults,
)
from loadtests.profiles.document import from_document, to_document
from loadtests.profiles.faults import Fault, parse_fault
from loadtests.profiles.profile import CUSTOMER_DATA, MAX_SPAWN_RATE, ROUTES, Profile

__all__ = [
    "CUSTOMER_DATA",
    "DEFAULT_PROFILE",
    "MAX_SPAWN_RATE",
    "PROFILES",
    "ROUTES",
    "Fault",
    "Profile",
    "customised",
    "find_profile",
    "from_document",
    "parse_fault",
    "read_profile",
    "shortened",
    "to_document",
    "with_faults",
]
