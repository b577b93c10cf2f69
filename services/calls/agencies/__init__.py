"""The agency directory: a copy of all agencies that may be shown, searched in memory."""
