"""shift: the level moved. No single hour need stand out; half a day or more of them do."""

from detectors.windows import Windows

SHIFT = Windows(
    name="shift", hours=(12, 24, 48), threshold=8.6, least_excess=0.05, story="a higher level, hour after hour"
)
