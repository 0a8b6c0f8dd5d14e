"""The fluid model: rates instead of single requests, for scales that take too long one by one.

Each step of the load is reckoned with rates, backlogs and the waiting that chance makes around
them; latencies are then drawn, so many for each step. Ten million users cost as much as ten. How
far it is off says fluid_error.py, which compares it with the simulation. It needs no numba.
"""

from comparison.forecast.fluid_ec2 import ec2_flow
from comparison.forecast.fluid_lambda import lambda_flow
from comparison.forecast.fluid_latencies import outcome_of
from comparison.forecast.outcome import Outcome
from comparison.forecast.scenario import Ec2Scenario, Scenario


def fluid(scenario: Scenario) -> Outcome:
    """What happens, to the precision of large numbers; counts are rounded means."""
    if isinstance(scenario, Ec2Scenario):
        return outcome_of(scenario, ec2_flow(scenario))
    return outcome_of(scenario, lambda_flow(scenario))
