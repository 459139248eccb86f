"""Is this hour odd? Pure: arrays in, findings out; no clock, no money, no I/O."""
