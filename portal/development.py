"""Serves the portal with Flask's own server: for development, and for systems without gunicorn."""

from portal.cli import load_services
from portal.factory import create_app


def main() -> None:
    """Serve until the process is ended."""
    services = load_services()
    services.warm()
    portal = services.settings.portal
    create_app(services).server.run(host=portal.host, port=portal.port, threaded=True)


if __name__ == "__main__":
    main()
