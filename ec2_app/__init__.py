"""The EC2 front door over shared.api: an HTTP server on an event loop, and a WSGI callable."""
