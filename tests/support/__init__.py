"""Private servers, faults and processes for the tests."""
