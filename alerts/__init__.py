"""Who is told, once, in time. Owns the alerts, the tickets and the outbox."""
