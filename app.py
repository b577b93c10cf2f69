"""The entry: `server` for a WSGI server (`gunicorn app:server`); run as a program, it starts everything."""

import sys

from portal.cli import load_services
from portal.factory import create_app
from portal.run import Launcher

if __name__ == "__main__":
    sys.exit(Launcher(development=True).run())

services = load_services()
services.warm()
app = create_app(services)
server = app.server
