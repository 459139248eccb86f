"""ramp: a rise so slow that the moving level follows it; seen from the baseline of a week before."""

from detectors.windows import Windows

RAMP = Windows(name="ramp", hours=(72,), threshold=6.5, least_excess=0.2, week_ahead=True, min_days=28)
