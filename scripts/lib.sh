# Sourced by the scripts beside it: where things are, which packages there are,
# how to say what is happening. Not run by itself.
# shellcheck shell=bash

set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$ROOT"

# Cargo's target folder; the site lies inside it, where the binary looks for it.
TARGET=${CARGO_TARGET_DIR:-$ROOT/target}
SITE=$TARGET/site

# Tools that are compiled for this project, kept by version outside of the
# checkout: several checkouts share them and no other project's are replaced.
TOOLS=${MEMESCOPE_TOOLS:-${XDG_CACHE_HOME:-$HOME/.cache}/memescope/tools}

# The native packages, with the features that the server asks of `app`. Every
# command names the same set, so that cargo never compiles a dependency twice
# because of another set of features. `frontend` is left out on purpose: it is
# for the browser only, and would switch `app` to both of its sides at once.
NATIVE=(-p memescope -p app -p server --features app/ssr)
BROWSER=(-p app -p frontend --features app/hydrate --target wasm32-unknown-unknown)
export NATIVE BROWSER SITE

started=$SECONDS

# What happens now, with the minutes since the script began.
step() {
  local took=$((SECONDS - started))
  printf '\n\033[1m==> %s\033[0m  [%d:%02d]\n' "$*" $((took / 60)) $((took % 60)) >&2
}
say() { printf '    %s\n' "$*" >&2; }
die() {
  printf '\n%s\n' "error: $*" >&2
  exit 1
}
have() { command -v "$1" >/dev/null 2>&1; }

# The version that Cargo.lock holds of a crate.
locked_version() {
  awk -v want="name = \"$1\"" '
    $0 == want { getline; gsub(/version = |"/, ""); print; exit }
  ' Cargo.lock
}

SCHEMATHESIS_VERSION=4.32.5
WASM_BINDGEN_VERSION=$(locked_version wasm-bindgen)
export PATH="$TOOLS/wasm-bindgen-$WASM_BINDGEN_VERSION/bin:$ROOT/node_modules/.bin:$PATH"
