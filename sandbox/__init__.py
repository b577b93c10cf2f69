"""Stand-ins of the systems the portal talks to, for demo and tests; nothing here imports the portal."""
