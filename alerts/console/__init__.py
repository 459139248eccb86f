"""The console: the pages on which people decide alerts, follow tickets and see where customers stand."""
