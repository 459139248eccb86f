"""The bill against the vendor's own figures: every difference has a cause, and the causes add up to it."""
