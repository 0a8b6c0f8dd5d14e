"""What a customer is, who may be asked for, and the JSON that the contract promises.

Key names, their order and their letter case are the contract (the 2020 program's; see
docs/design.md). Bodies are made here once and then stored and sent as they are.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, NamedTuple

from shared.errors import InvalidCustomerIdError

HIGHEST_CUSTOMER_ID = 2**32 - 1
_MOST_DIGITS = len(str(HIGHEST_CUSTOMER_ID))
# json.dumps would make a new one for each body.
_encoder: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


@dataclass(frozen=True, slots=True)
class Customer:
    customer_id: int
    surname: str
    givenname: str


class Reading(NamedTuple):
    """A tuple, because each load makes ten: a frozen dataclass takes twice as long."""

    measure_id: int
    measure_date: str
    """YYYY-MM-DD hh:mm:ss"""
    value: int


def parse_customer_id(text: str) -> int:
    """The id in `text`; raises InvalidCustomerIdError unless it is an integer in 1..2^32-1."""
    # Only ASCII digits: int() would also take "+1", " 1", "1_0" and other scripts' digits. Length
    # first, because int() refuses very long digit strings with an error of its own.
    digits = text.lstrip("0")
    if text.isascii() and text.isdigit() and 0 < len(digits) <= _MOST_DIGITS:
        customer_id = int(digits)
        if customer_id <= HIGHEST_CUSTOMER_ID:
            return customer_id
    raise InvalidCustomerIdError


def customer_body(customer: Customer) -> bytes:
    return _encode(
        {
            "Id": customer.customer_id,
            "Surname": customer.surname,
            "Givenname": customer.givenname,
        }
    )


def readings_body(readings: Iterable[Reading]) -> bytes:
    # By hand: the encoder takes twice as long, and integers and dates need no escaping.
    measures = ",".join(
        [
            f'{{"MeasureID":{number},"MeasureDate":"{date}","MeasureValue":{value}}}'
            for number, date, value in readings
        ]
    )
    return f'{{"Measures":[{measures}]}}'.encode()


def _encode(value: object) -> bytes:
    return _encoder.encode(value).encode()
