"""The fluid model: rates instead of single requests, for scales that take too long one by one.

Each step of the load is reckoned with rates, backlogs and the waiting that chance makes around
them; latencies are then drawn, so many for each step. Ten million users cost as much as ten. How
far it is off says fluid_error.py, which compares it with the simulation. It needs no numba.
"""

from comparison.forecast.checking import check
from comparison.forecast.fluid_ec2 import ec2_flow
from comparison.forecast.fluid_lambda import lambda_flow
from comparison.forecast.fluid_latencies import DRAWS, outcome_of
from comparison.forecast.outcome import Outcome
from comparison.forecast.scenario import Ec2Scenario, Scenario


def fluid(scenario: Scenario, draws: int = DRAWS) -> Outcome:
    """What happens, to the precision of large numbers; counts are rounded means.

    Latencies are drawn so many times over the whole load: fewer are faster and coarser. Raises
    ComparisonError where the scenario cannot be (checking.py).
    """
    check(scenario)
    flow = ec2_flow(scenario) if isinstance(scenario, Ec2Scenario) else lambda_flow(scenario)
    return outcome_of(scenario, flow, draws)
