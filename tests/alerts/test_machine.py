"""x"""
from hypothesis import settings, Phase
from tests.alerts.machine.months import Months
TestMonths = Months.TestCase
TestMonths.settings = settings(max_examples=40, stateful_step_count=25, deadline=None, derandomize=True)
