import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.customer import (
    HIGHEST_CUSTOMER_ID,
    Customer,
    Reading,
    customer_body,
    parse_customer_id,
    readings_body,
)
from shared.errors import InvalidCustomerIdError


@pytest.mark.parametrize(
    ("text", "customer_id"),
    [
        ("1", 1),
        ("4499", 4499),
        ("007", 7),
        ("0" * 5000 + "1", 1),
        ("4294967295", 4294967295),
        ("04294967295", 4294967295),
    ],
)
def test_an_integer_in_range_is_an_id(text: str, customer_id: int) -> None:
    assert parse_customer_id(text) == customer_id


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", "0", "-0", "000", "-1", "+1", " 1", "1 ", "1\n", "\t1", "1\0"),
        *("1_0", "1,000", "1.0", "1e3", "0x10", "0b1", "abc", "1a", "a1", "None", "1/2", "%31"),
        *("4294967296", "9999999999", "10000000000", "9" * 20),
        pytest.param("9" * 5000, id="5000 nines"),
        pytest.param("1" + "0" * 100_000, id="more digits than int() takes"),
        *("१", "\uff11", "٣", "²", "1²", "¹", "Ⅷ", "1\u0660", "\ufffd"),
    ],
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(InvalidCustomerIdError):
        parse_customer_id(text)


@given(st.integers(1, HIGHEST_CUSTOMER_ID), st.integers(0, 20))
def test_every_id_in_range_survives_the_round_trip(customer_id: int, zeros: int) -> None:
    assert parse_customer_id("0" * zeros + str(customer_id)) == customer_id


@given(st.integers().filter(lambda number: not 1 <= number <= HIGHEST_CUSTOMER_ID))
def test_every_integer_out_of_range_is_refused(number: int) -> None:
    with pytest.raises(InvalidCustomerIdError):
        parse_customer_id(str(number))


@given(st.text().filter(lambda text: not (text.isascii() and text.isdigit())))
def test_every_text_that_is_not_all_digits_is_refused(text: str) -> None:
    with pytest.raises(InvalidCustomerIdError):
        parse_customer_id(text)


def test_a_customer_is_written_as_the_contract_says() -> None:
    body = customer_body(Customer(1, "Müller-Lüdenscheidt", 'Zoë "Z" \\'))

    assert body == (
        '{"Id":1,"Surname":"Müller-Lüdenscheidt","Givenname":"Zoë \\"Z\\" \\\\"}'.encode()
    )


def test_readings_are_written_as_the_contract_says() -> None:
    body = readings_body(
        [Reading(0, "2010-03-04 12:13:14", 17), Reading(1, "2008-01-01 00:00:00", 0)]
    )

    assert body == (
        b'{"Measures":['
        b'{"MeasureID":0,"MeasureDate":"2010-03-04 12:13:14","MeasureValue":17},'
        b'{"MeasureID":1,"MeasureDate":"2008-01-01 00:00:00","MeasureValue":0}]}'
    )


def test_no_readings_are_an_empty_list() -> None:
    assert readings_body([]) == b'{"Measures":[]}'
