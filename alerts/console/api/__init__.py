"""The API: what the console shows and does, as JSON for programs, under /api/v1."""
