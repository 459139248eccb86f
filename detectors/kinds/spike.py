"""spike: more than the day was expected to bring, for an hour or a few."""

from detectors.windows import Windows

SPIKE = Windows(name="spike", hours=(1, 3, 6), threshold=8.9, least_excess=0.05, story="more than expected of the day")
