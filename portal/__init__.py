"""The shell: settings, factory, security, frame, routes. What the portal knows lives in `services`."""
