"""`python -m portal`: the `portal` command where the package is not installed."""

from portal.cli import main

main()
