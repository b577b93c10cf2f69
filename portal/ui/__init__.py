"""Pure functions from data to components: nothing here reads a database or a request."""
