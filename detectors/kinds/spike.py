"""spike: more than the day was expected to bring, for an hour or for a day."""

from detectors.windows import Windows

SPIKE = Windows(name="spike", hours=(1, 3, 6, 12, 24, 48), threshold=8.3, least_excess=0.05)
