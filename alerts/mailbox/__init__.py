"""Where the desk's replies and the mail servers' complaints are read."""
