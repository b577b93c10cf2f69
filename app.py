"""The entry: `server` for a WSGI server (`gunicorn app:server`); run as a program, it starts everything."""

import sys

from portal.cli import load_services
from portal.factory import create_app
from portal.run import Launcher

if __name__ == "__main__":
    sys.exit(Launcher(development=True).run())

app = create_app(load_services())
server = app.server
