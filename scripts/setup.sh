#!/bin/sh
# Makes or mends .venv so that it holds the project and what it needs:
#   runtime   what a collection needs
#   dev       also what tests and checks need
# Says nothing when there is nothing to do. The file .venv/.setup tells what was installed and for what; it says
# "unfinished" while this script works, so that the next run starts afresh after an interruption.
# POSIX sh, for the old shells of macOS too. $PYTHON names the interpreter, where the one found is not wanted.
set -eu
cd "$(dirname "$0")/.."
level=$1
here=$(pwd -P)
needs=$(cksum <pyproject.toml)
unset PYTHONHOME PYTHONPATH VIRTUAL_ENV
export PIP_USER=0

say() { printf '%s\n' "$*" >&2; }
fail() { say "$*"; exit 1; }

# Prints "VERSION PATH" of an interpreter that can be used: run for real, since a name on PATH can be a shim that fails.
# PATH is the interpreter behind a virtual environment, for the one that is active may be the one to be replaced.
# Exit code 3: too old (VERSION is printed); 4: has no venv; anything else: does not run.
probe() {
  "$1" -c 'import sys
sys.stdout.write("%d.%d.%d" % sys.version_info[:3])
if sys.version_info < (3, 11):
    sys.exit(3)
import importlib.util
sys.stdout.write(" " + (getattr(sys, "_base_executable", "") or sys.executable))
sys.exit(4 if importlib.util.find_spec("ensurepip") is None or importlib.util.find_spec("venv") is None else 0)' 2>/dev/null
}

with_uv=
if uv --version >/dev/null 2>&1; then with_uv=yes; fi

usable() { [ "$1" = 0 ] || { [ "$1" = 4 ] && [ -n "$with_uv" ]; }; }

find_python() { # sets version and python, or ends with one line
  if [ -n "${PYTHON:-}" ]; then
    code=0; found=$(probe "$PYTHON") || code=$?
    usable $code && { version=${found%% *} python=${found#* }; return; }
    [ $code = 3 ] && fail "PYTHON=$PYTHON is Python $found; tailpipe_rx needs 3.11 or newer."
    [ $code = 4 ] && fail "PYTHON=$PYTHON cannot make virtual environments: install its venv package, or uv."
    fail "PYTHON=$PYTHON does not run; name a Python 3.11 or newer, or leave it out."
  fi
  old= bare=
  for name in python3 python3.14 python3.13 python3.12 python3.11; do
    code=0; found=$(probe "$name") || code=$?
    usable $code && { version=${found%% *} python=${found#* }; return; }
    [ $code = 3 ] && : "${old:=$found}"
    [ $code = 4 ] && : "${bare:=$found}"
  done
  if [ -n "$with_uv" ] && name=$(uv python find '>=3.11' 2>/dev/null) && found=$(probe "$name"); then
    version=${found%% *} python=${found#* }; return
  fi
  [ -n "$bare" ] && fail "Python ${bare%% *} cannot make virtual environments: install its venv package (on Debian and Ubuntu: apt install python3-venv)."
  [ -n "$old" ] && fail "tailpipe_rx needs Python 3.11 or newer; python3 here is $old. Install a newer one, or name it: make demo PYTHON=/path/to/python3"
  fail "tailpipe_rx needs Python 3.11 or newer, and none was found on PATH. Install one, or name it: make demo PYTHON=/path/to/python3"
}

# One environment is made once, even when two commands are started at the same time.
waited=
while ! (set -C; echo $$ >.venv.lock) 2>/dev/null; do
  [ -w . ] || fail "$here is not writable: .venv cannot be made there."
  owner=$(cat .venv.lock 2>/dev/null) || continue
  kill -0 "$owner" 2>/dev/null || { rm -f .venv.lock; continue; }
  [ -n "$waited" ] || say "Waiting for another command that sets up .venv (process $owner) ..."
  waited=yes
  sleep 1
done
trap 'rm -f .venv.lock' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

has=$(.venv/bin/python -c 'import sys; sys.stdout.write("%d.%d.%d" % sys.version_info[:3])' 2>/dev/null) || has=
version= python=
if [ -n "${PYTHON:-}" ]; then find_python; fi

stamp() { printf '%s\n' "$here" "${has%.*}" "$needs" "$1"; } # a patch release of Python changes nothing
state=$(cat .venv/.setup 2>/dev/null) || state=
fits() { [ -n "$has" ] && { [ -z "$version" ] || [ "$version" = "$has" ]; }; }

if fits && [ -x .venv/bin/tailpipe-rx ]; then
  if [ "$state" = "$(stamp dev)" ] || [ "$state" = "$(stamp "$level")" ]; then exit 0; fi
fi

# What is there is kept where it is whole, of this place and of the right Python; else made anew.
keep=
if fits; then
  case $has in 3.[0-9].* | 3.10.* | 2.*) ;; *)
    case $state in
      "") keep=yes ;; # made by hand
      "$here
${has%.*}
"*) keep=yes ;;
    esac
    if [ -z "$with_uv" ]; then .venv/bin/python -m pip --version >/dev/null 2>&1 || keep=; fi ;;
  esac
fi

began=$(date +%s)
if [ -n "$keep" ]; then
  version=$has
  say "Bringing .venv up to date ..."
else
  [ -n "$python" ] || find_python
  say "Setting up .venv with Python $version (only once; half a minute or less) ..."
  rm -rf .venv
fi

log=.venv/setup.log
mkdir -p .venv
echo unfinished >.venv/.setup
quietly() { "$@" >>"$log" 2>&1 || { cat "$log" >&2; fail "Setting up .venv failed; the reason is above. The same command tries again."; }; }
: >"$log"
case $level in runtime) project=. ;; *) project=".[$level]" ;; esac

if [ -n "$with_uv" ]; then
  [ -n "$keep" ] || quietly uv venv --quiet --allow-existing --python "$python" .venv
  quietly uv pip install --quiet --compile-bytecode --python .venv/bin/python --editable "$project"
else
  [ -n "$keep" ] || quietly "$python" -m venv .venv
  quietly .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-input \
    --progress-bar off --editable "$project"
fi

has=$(.venv/bin/python -c 'import sys; sys.stdout.write("%d.%d.%d" % sys.version_info[:3])')
stamp "$level" >.venv/.setup.new && mv .venv/.setup.new .venv/.setup
say "Done in $(($(date +%s) - began)) s."
