"""Where letters go: one file a sink."""
