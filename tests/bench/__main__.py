"""`python -m tests.bench`: measure every promise about speed; exit code 1 when one is not kept."""

import os
import sys
import tempfile
from pathlib import Path

if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="portal-bench-") as directory:
        # Requests are counted as under gunicorn: in files, which the counters choose when they are imported.
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = directory
        from tests.bench.run import run

        code = run(Path(directory))
    sys.exit(code)
