"""The Moscow call-centre database: its tables, a history by seed, and live traffic."""
