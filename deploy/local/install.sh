#!/usr/bin/env bash
# Installs the system packages that HappyMail needs on Debian or Ubuntu; says which and why, and does nothing if all are there.
# Each need is checked by what is used, not by a package's name, so that a node or nginx from elsewhere will do.
set -euo pipefail

packages=()
reasons=()

need() { # need REASON PACKAGE… : to be installed
    local reason=$1 package
    shift
    for package in "$@"; do
        packages+=("$package")
        reasons+=("$package: $reason")
    done
}

fail() {
    echo "✘ $*" >&2
    exit 1
}

has() { PATH="$PATH:/usr/sbin" command -v "$1" >/dev/null 2>&1; }

python=/usr/bin/python3
[ -x "$python" ] || python=python3

has python3 || need 'starts and stops everything' python3
"$python" -c 'import venv, ensurepip' 2>/dev/null || need 'environment of the test tools' python3-venv
"$python" -c 'import pip' 2>/dev/null || need 'downloads the local broker and the test tools' python3-pip
"$python" -c 'import aiosmtpd' 2>/dev/null || need 'receives the mails' python3-aiosmtpd
has_postgres() { compgen -G '/usr/lib/postgresql/*/bin/postgres' >/dev/null || has postgres; }
{ has_postgres && has psql; } || need 'the database server, run from .local' postgresql
has nginx || need 'the gateway, run from .local' nginx-light
has pkg-config || need 'tells the Swift build where libraries are' pkg-config
pkg-config --exists libpq 2>/dev/null || need "PostgreSQL's client library" libpq-dev
pkg-config --exists rdkafka 2>/dev/null || need "Kafka's client library" librdkafka-dev
has g++ || need 'headers and linker for Swift' build-essential
has git || need 'fetches the Swift packages' git
if ! has newman; then
    has node || has nodejs || need 'runs the Postman collection' nodejs
    for library in chai:chai node-ajv:ajv node-lodash:lodash node-uuid:uuid; do
        [ -d "/usr/share/nodejs/${library#*:}" ] || need "scripts of the Postman collection" "${library%:*}"
    done
fi

# What `make deploy-test` needs beyond that, where no Docker engine runs: the engine, and what makes stand-ins for images that cannot be pulled.
if [ "${1-}" = docker ] && ! docker info >/dev/null 2>&1; then
    has dockerd || need 'the engine of `make deploy-test`, run from .local' docker.io
    has mmdebstrap || need 'base images where none can be pulled' mmdebstrap
fi

install() {
    has apt-get || fail "these packages are missing and there is no apt-get to install them: ${packages[*]}"
    echo "Installing ${#packages[@]} packages:"
    printf '  %s\n' "${reasons[@]}"

    local as_root=()
    if [ "$(id -u)" -ne 0 ]; then
        has sudo || fail "installing them needs root, and there is no sudo; as root: apt-get install ${packages[*]}"
        as_root=(sudo)
        sudo -v || fail "installing them needs root; as root: apt-get install ${packages[*]}"
    fi

    # Debian starts a server as soon as its package is installed. Ours run from .local, so these should not.
    local policy=/usr/sbin/policy-rc.d
    if [ ! -e "$policy" ]; then
        printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee "$policy" >/dev/null
        "${as_root[@]}" chmod 755 "$policy"
        # shellcheck disable=SC2064  # the values of now
        trap "${as_root[*]} rm -f $policy" EXIT
    fi
    local apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get --yes --quiet)
    "${apt[@]}" update || echo 'apt-get update failed; trying with the lists that are there' >&2
    "${apt[@]}" install --no-install-recommends "${packages[@]}" || fail "apt-get could not install: ${packages[*]}"

    if [ -d /run/systemd/system ]; then
        local service
        for service in nginx postgresql docker; do
            case " ${packages[*]} " in
                *" $service"*) "${as_root[@]}" systemctl disable --quiet "$service" || true ;;
            esac
        done
    fi
}

if [ "${#packages[@]}" -gt 0 ]; then
    install
    echo 'Installed.'
else
    echo 'All system packages are there.'
fi

where='install version 6.2 or later from https://www.swift.org/install and put it on the PATH'
command -v swift >/dev/null 2>&1 || fail "Swift is missing; $where"
if [[ "$(swift --version 2>&1)" =~ Swift\ version\ ([0-9]+)\.([0-9]+) ]]; then
    major=${BASH_REMATCH[1]} minor=${BASH_REMATCH[2]}
    if ((major < 6 || (major == 6 && minor < 2))); then
        fail "Swift 6.2 or later is needed, and this is $major.$minor; see https://www.swift.org/install"
    fi
else
    fail "swift does not run: $(swift --version 2>&1 | head -1)"
fi
