"""The kinds of oddity: one file a kind."""
