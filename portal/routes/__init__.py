"""Raw Flask routes: login, health, tick, JSON."""
