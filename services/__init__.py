"""Everything the portal knows and does, without Dash or Flask. One folder a capability."""
