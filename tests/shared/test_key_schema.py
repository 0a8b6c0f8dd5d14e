"""What is stored is pinned together with the version in its key: whoever changes one sees both."""

import hashlib

from shared.customer import Customer, Reading, customer_body, readings_body
from shared.entries import UNKNOWN
from shared.service import customer_entry, readings_entry
from shared.settings import KEY_SCHEMA_VERSION, settings_from_environ

# A change of a body, of an entry's name or of what else may stand under a key gives another hash.
# Then raise KEY_SCHEMA_VERSION and write both here: releases that run side by side during a
# deployment must not read each other's entries.
PINNED = (2, "f15429a5c2cc153c")


def test_a_change_of_what_is_stored_comes_with_a_new_version() -> None:
    stored = (
        customer_entry(1),
        customer_body(Customer(1, 'O"Neill', "Zoë")),
        readings_entry(1),
        readings_body([]),
        readings_body(
            [Reading(0, "2010-03-04 12:13:14", -17), Reading(1, "2011-01-01 00:00:00", 3)]
        ),
        UNKNOWN,
    )

    found = hashlib.sha256(repr(stored).encode()).hexdigest()[:16]

    assert (KEY_SCHEMA_VERSION, found) == PINNED


def test_the_version_is_part_of_every_key() -> None:
    settings = settings_from_environ({"DATABASE_URL": "mysql://u:p@127.0.0.1/name"})

    assert settings.cache.key_prefix == f"customer-data:v{KEY_SCHEMA_VERSION}:"
