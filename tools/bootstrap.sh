#!/usr/bin/env bash
# Makes .venv with Python 3.11 or newer and installs the portal with its requirements there.
# Called by the Makefile when requirements.txt or pyproject.toml changed.
set -euo pipefail
cd "$(dirname "$0")/.."
source tools/apt.sh

CANDIDATES=(python3 python3.14 python3.13 python3.12 python3.11)

is_new_enough() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}

# Debian leaves ensurepip out of its Python; without it venv cannot install pip.
has_venv() {
    "$1" -c 'import ensurepip, venv' 2>/dev/null
}

# Print the first Python that is new enough and passes CHECK.
first_python() {
    local python
    for python in "${CANDIDATES[@]}"; do
        if is_new_enough "$python" && "$1" "$python"; then
            echo "$python"
            return
        fi
    done
    return 1
}

make_venv() {
    local python
    if ! python=$(first_python has_venv); then
        if ! python=$(first_python true); then
            echo "Python 3.11 or newer is needed; none of ${CANDIDATES[*]} is." >&2
            exit 1
        fi
        require_apt "$python-venv"
        as_root apt-get update -qq
        apt_install "$python-venv"
    fi
    echo "Making .venv with $("$python" --version)"
    "$python" -m venv --clear .venv
}

# A virtual environment breaks when the Python it was made with is gone.
.venv/bin/python -m pip --version >/dev/null 2>&1 || make_venv

echo "Installing Python packages"
.venv/bin/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps -e .
