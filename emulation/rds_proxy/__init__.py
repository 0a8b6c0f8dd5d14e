"""A stand-in for Amazon RDS Proxy in front of MariaDB: many client connections on few of its own.

Pure rules (protocol, handshake, responses, statements, session_state, pool, metrics, iam_token)
around one asyncio edge (wire, database_connection, sessions, proxy). `python -m
emulation.rds_proxy` runs it.
"""
