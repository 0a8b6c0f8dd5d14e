import re

import pymysql
import pytest
from pymysql.constants import ER

from emulation.private_servers import DataServers
from measurement import dataset
from shared.customer import Customer, Reading
from shared.database import Database
from shared.errors import CustomerNotFoundError, DataUnavailableError
from shared.repository import CustomerRepository
from shared.settings import settings_from_environ
from tests.shared.fakes import FakeSelects

EMPTY_CUSTOMER_ID = 1_000_000


@pytest.fixture
def repository(data_servers: DataServers) -> CustomerRepository:
    settings = settings_from_environ({"DATABASE_URL": data_servers.database_url})
    return CustomerRepository(Database(settings.database))


def test_a_row_becomes_a_customer() -> None:
    repository = CustomerRepository(FakeSelects({7: (("Nowak", "Zoë"),)}))

    assert repository.customer(7) == Customer(7, "Nowak", "Zoë")


def test_a_joined_value_becomes_readings() -> None:
    joined = "2;0,2010-03-04 12:13:14,17;1,2011-03-04 12:13:14,-3;"
    repository = CustomerRepository(FakeSelects({7: ((joined,),)}))

    assert repository.readings(7) == [
        Reading(0, "2010-03-04 12:13:14", 17),
        Reading(1, "2011-03-04 12:13:14", -3),
    ]


def test_a_count_of_none_is_a_customer_without_readings() -> None:
    repository = CustomerRepository(FakeSelects({7: (("0;",),)}))

    assert repository.readings(7) == []


def test_the_id_is_a_parameter_and_never_part_of_the_statement() -> None:
    selects = FakeSelects({4321: (("Nowak", "Zoë"),)})

    CustomerRepository(selects).customer(4321)

    ((statement, parameters),) = selects.asked
    assert "4321" not in statement
    assert parameters == (4321,)


def test_no_row_is_an_unknown_customer() -> None:
    repository = CustomerRepository(FakeSelects())

    with pytest.raises(CustomerNotFoundError):
        repository.customer(7)
    with pytest.raises(CustomerNotFoundError):
        repository.readings(7)


@pytest.mark.parametrize(
    "error",
    [
        pymysql.OperationalError(2003, "no route"),
        pymysql.OperationalError(ER.ACCESS_DENIED_ERROR, "wrong password"),
        pymysql.InterfaceError(0, "closed"),
    ],
)
def test_a_database_that_cannot_be_asked_is_data_unavailable(error: pymysql.MySQLError) -> None:
    repository = CustomerRepository(FakeSelects(error=error))

    for ask in (repository.ping, lambda: repository.customer(1), lambda: repository.readings(1)):
        with pytest.raises(DataUnavailableError) as caught:
            ask()
        assert caught.value.__cause__ is error


def test_a_mistake_in_the_statement_is_not_hidden_as_unavailable() -> None:
    error = pymysql.ProgrammingError(ER.NO_SUCH_TABLE, "no table")

    with pytest.raises(pymysql.ProgrammingError):
        CustomerRepository(FakeSelects(error=error)).customer(1)


@pytest.mark.parametrize("customer_id", [1, 2500, 5000])
def test_the_database_has_the_data_sets_customer(
    repository: CustomerRepository, customer_id: int
) -> None:
    known = dataset.customer(customer_id)

    found = repository.customer(customer_id)

    assert found == Customer(customer_id, known.surname, known.given_name)


@pytest.mark.parametrize("customer_id", [1, 2500, 5000])
def test_the_database_gives_the_readings_in_order_with_dates_as_text(
    repository: CustomerRepository, customer_id: int
) -> None:
    found = repository.readings(customer_id)

    assert found == [
        Reading(row.measure_id, row.date, row.value) for row in dataset.readings(customer_id)
    ]
    assert all(
        re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", reading.measure_date) for reading in found
    )


def test_a_customer_without_readings_is_known(
    repository: CustomerRepository, data_servers: DataServers
) -> None:
    database = Database(settings_from_environ({"DATABASE_URL": data_servers.database_url}).database)
    # A statement of any kind runs through select(); there is no rowset then.
    database.select(
        "INSERT INTO Customers VALUES (%s, 'Ünal', 'O''Neill 😀')", (EMPTY_CUSTOMER_ID,)
    )
    try:
        assert repository.readings(EMPTY_CUSTOMER_ID) == []
        assert repository.customer(EMPTY_CUSTOMER_ID) == Customer(
            EMPTY_CUSTOMER_ID, "Ünal", "O'Neill 😀"
        )
    finally:
        database.select("DELETE FROM Customers WHERE Customers_ID = %s", (EMPTY_CUSTOMER_ID,))


@pytest.mark.parametrize("customer_id", [5001, EMPTY_CUSTOMER_ID])
def test_the_database_does_not_know_other_customers(
    repository: CustomerRepository, customer_id: int
) -> None:
    with pytest.raises(CustomerNotFoundError):
        repository.customer(customer_id)
    with pytest.raises(CustomerNotFoundError):
        repository.readings(customer_id)


def test_the_database_answers_the_ping(repository: CustomerRepository) -> None:
    repository.ping()


@pytest.mark.parametrize("length", [1, 30, 31, 60, 150, 290])
def test_readings_that_mariadb_would_cut_off_come_row_by_row(
    data_servers: DataServers, length: int
) -> None:
    database = Database(settings_from_environ({"DATABASE_URL": data_servers.database_url}).database)
    repository = CustomerRepository(database)
    whole = repository.readings(17)
    database.select("SET SESSION group_concat_max_len = %s", (length,))

    assert repository.readings(17) == whole


def test_all_customers_come_once_and_in_order_whatever_the_batch(
    repository: CustomerRepository,
) -> None:
    # 777 does not divide 5,000.
    found = list(repository.all_customers(777))

    assert [customer.customer_id for customer, _ in found] == list(range(1, 5001))
    for customer, readings in (found[0], found[2499], found[-1]):
        assert customer == repository.customer(customer.customer_id)
        assert readings == repository.readings(customer.customer_id)
