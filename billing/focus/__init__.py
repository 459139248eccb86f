"""The bill in the FinOps Open Cost and Usage Specification: 1.2 rows, and the four datasets of 1.4."""
