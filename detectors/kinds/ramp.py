"""ramp: a rise so slow that the moving level follows it; seen from the baseline of a week before."""

from detectors.windows import Windows

RAMP = Windows(
    name="ramp",
    hours=(72,),
    threshold=9.3,
    least_excess=0.2,
    story="a slow rise above what was expected a week before",
    week_ahead=True,
    apart=72,
    min_days=31,
)
