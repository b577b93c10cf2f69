"""Who may ask for what: the guard, the callback gate, proof of origin, response headers."""
