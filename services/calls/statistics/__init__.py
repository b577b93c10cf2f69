"""Call statistics: roll-ups of every day in the portal database, and what is answered from them."""
