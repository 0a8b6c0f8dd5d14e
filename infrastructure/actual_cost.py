"""What AWS has really charged for a deployment, from Cost Explorer: late by a day, and not free."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any, Final

from infrastructure.account import NAME_TAG, Account

REQUEST_USD: Final = Decimal("0.01")
"""Of each request to Cost Explorer's API (https://aws.amazon.com/aws-cost-management/pricing/)."""
ADVICE: Final = (
    f"Cost Explorer is up to 24 hours late, and knows the tag {NAME_TAG} only after it was once"
    " activated as a cost allocation tag (Billing and Cost Management in the AWS console)"
)


def actual_cost(account: Account, deployment: str, begin: date, end: date) -> Mapping[str, Decimal]:
    """Service -> USD before discounts and credits; `end` is the first day that is not counted."""
    explorer = account.client("ce")
    request: dict[str, Any] = {
        "TimePeriod": {"Start": begin.isoformat(), "End": end.isoformat()},
        "Granularity": "DAILY",
        "Metrics": ["UnblendedCost"],
        "Filter": {"Tags": {"Key": NAME_TAG, "Values": [deployment]}},
        "GroupBy": [{"Type": "DIMENSION", "Key": "SERVICE"}],
    }
    found: dict[str, Decimal] = defaultdict(Decimal)
    while True:
        answer = explorer.get_cost_and_usage(**request)
        for day in answer["ResultsByTime"]:
            for group in day["Groups"]:
                amount = group["Metrics"]["UnblendedCost"]["Amount"]
                found[group["Keys"][0]] += Decimal(amount)
        token = answer.get("NextPageToken")
        if not token:
            return dict(found)
        request["NextPageToken"] = token
