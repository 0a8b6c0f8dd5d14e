"""What the network between client and service takes; the same in both models."""

from comparison.forecast.scenario import Client

_ROUND_TRIPS_TO_CONNECT = 1


def network_seconds(client: Client) -> float:
    """Of one attempt: a round trip, and one more where it opens a connection."""
    trips = 1 + (_ROUND_TRIPS_TO_CONNECT if client.connection_per_request else 0)
    return trips * client.round_trip_ms / 1000
