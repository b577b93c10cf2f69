"""The promises about speed, measured as ratios side by side: `python -m tests.bench`."""
