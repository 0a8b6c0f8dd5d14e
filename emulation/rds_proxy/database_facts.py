"""Asks the database what the proxy has to know of it: once, before the first client comes."""

import contextlib

from emulation.data_connections import connect_database
from emulation.rds_proxy.proxy import DatabaseFacts

_COLLATIONS = (
    "SELECT id, character_set_name, collation_name FROM information_schema.collations"
    " WHERE id IS NOT NULL AND character_set_name IS NOT NULL"
)
# Collations since MariaDB 10.10 have no number that fits into a greeting; clients choose their own.
_UTF8MB4_GENERAL_CI = 45


def ask_database(database_url: str) -> DatabaseFacts:
    """The facts; raises EmulationError for the URL, pymysql.MySQLError for the server."""
    with (
        contextlib.closing(connect_database(database_url)) as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute(
            "SELECT @@version, @@max_connections, @@max_allowed_packet, DATABASE(),"
            " @@character_set_server, @@collation_server"
        )
        row = cursor.fetchone()
        assert row is not None, "a SELECT without a table has one row"
        version, max_connections, max_packet_bytes, database, *default = row
        cursor.execute(_COLLATIONS)
        collations = {
            int(number): (str(charset), str(name)) for number, charset, name in cursor.fetchall()
        }
    character_set, collation = map(str, default)
    ids = {name: number for number, (_, name) in collations.items()}
    return DatabaseFacts(
        version=str(version),
        max_connections=int(max_connections),
        max_packet_bytes=int(max_packet_bytes),
        collation_id=ids.get(collation, _UTF8MB4_GENERAL_CI),
        default_names=(character_set, collation),
        collations=collations,
        databases=frozenset({str(database)}),
    )
