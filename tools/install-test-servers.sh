#!/usr/bin/env bash
# Installs what the tests need besides Python packages, as far as it is missing: MariaDB, PostgreSQL, Chromium.
# Nothing is started or configured; each test run makes private servers of its own.
set -euo pipefail
cd "$(dirname "$0")/.."
source tools/apt.sh

# The Chromium that Playwright itself installs, for systems whose packages have none (Ubuntu's is a snap).
has_playwrights_chromium() {
    .venv/bin/python - <<'PYTHON'
from pathlib import Path

from playwright.sync_api import sync_playwright

with sync_playwright() as playwright:
    raise SystemExit(not Path(playwright.chromium.executable_path).exists())
PYTHON
}

missing=()
for package in mariadb-server-core mariadb-client-core fonts-dejavu-core iproute2; do
    is_installed "$package" || missing+=("$package")
done
compgen -G '/usr/lib/postgresql/*/bin/postgres' >/dev/null || missing+=(postgresql)
browser=present
[ -x /usr/bin/chromium ] || has_playwrights_chromium || browser=missing

if [ ${#missing[@]} -gt 0 ] || [ $browser = missing ]; then
    require_apt "${missing[@]}"
    as_root apt-get update -qq
    if [ $browser = missing ] && apt_knows chromium; then
        missing+=(chromium)
        browser=present
    fi
    [ ${#missing[@]} -eq 0 ] || apt_install "${missing[@]}"
    [ $browser = present ] || .venv/bin/playwright install --with-deps chromium
fi
