"""The EC2 front door: a WSGI callable over shared.api and the server that runs it."""
