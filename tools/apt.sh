# Sourced by the other scripts: installs Debian and Ubuntu packages.

as_root() {
    if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi
}

# Whether apt could install PACKAGE. Not by a pipe into `grep -q`: that stops reading at the first match, apt-cache
# dies of the closed pipe, and under pipefail a package that is there would count as missing.
apt_knows() {
    [[ $(apt-cache policy "$1" 2>/dev/null) == *'Candidate: '[!\(]* ]]
}

is_installed() {
    [ "$(dpkg-query --show --showformat='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

require_apt() {
    command -v apt-get >/dev/null && return
    echo "This needs Debian or Ubuntu: there is no apt-get to install $*." >&2
    exit 1
}

# Install PACKAGES without starting the system services that come with them: policy-rc.d is what Debian's
# packages ask before they start anything, and it is there for the time of the installation only.
apt_install() {
    local policy=/usr/sbin/policy-rc.d
    echo "Installing Debian packages: $*"
    if [ ! -e "$policy" ]; then
        trap "as_root rm -f $policy" EXIT
        printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
        as_root chmod 755 "$policy"
    fi
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}
