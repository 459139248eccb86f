"""What was used and what it costs. Owns the lake and the book."""
