"""Where usage comes from: one file a source."""
