"""What running a service brings along: its logs, and the secrets that it logs in with.

Rules: https://aws.amazon.com/cloudwatch/pricing/ (custom logs, by the GB that comes in) and
https://aws.amazon.com/secrets-manager/pricing/ (each secret a month, and each call).
"""

from decimal import Decimal

from comparison.billing.parts import Part, fixed
from comparison.billing.quantities import PerRequest
from comparison.billing.transfer import BYTES_PER_GB

FREE_LOGS_GB = Decimal(5)
"""Ingestion a month, always free, per account (https://aws.amazon.com/cloudwatch/pricing/)."""


def logs(bytes_per_request: Decimal, reason: str, *, free_tier: bool) -> Part:
    """What a request writes into CloudWatch Logs."""
    return Part(
        "CloudWatch",
        "logs taken in",
        "cloudwatch.logs.ingest",
        PerRequest(bytes_per_request / BYTES_PER_GB, FREE_LOGS_GB if free_tier else Decimal(0)),
        reason + (f"; the first {FREE_LOGS_GB} GB a month are free" if free_tier else ""),
        assumed=True,
    )


def secret(reason: str) -> Part:
    """One secret, kept all month."""
    return fixed("Secrets Manager", "secret", "secretsmanager.secret", 1, reason)


def secret_calls(per_request: Decimal, reason: str) -> Part:
    return Part(
        "Secrets Manager", "calls", "secretsmanager.api_call", PerRequest(per_request), reason
    )
