"""Planned http(s) URLs → bytes: addresses, manners, deadlines, retries, durable progress."""
