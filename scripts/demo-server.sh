# Sourced: a server on the demo market, with no limits, a free port and a data folder
# of its own, and what DEMO_SETTINGS (NAME=value) says more. Sets BASE; the server ends with the script.
# shellcheck shell=bash

BINARY=${MEMESCOPE_BIN:-$TARGET/release/memescope}
[[ -x $BINARY ]] || die "no server at $BINARY: run make build"

[[ -v DEMO_SETTINGS ]] || DEMO_SETTINGS=()
demo_folder=$(mktemp -d)
demo_process=
: >"$demo_folder/out"
demo_end() {
  if [[ -n $demo_process ]]; then
    kill "$demo_process" 2>/dev/null || true
    wait "$demo_process" 2>/dev/null || true
  fi
  rm -rf "$demo_folder"
}
trap demo_end EXIT

# The working folder is its own too, so that no .env of the checkout decides a test.
(cd "$demo_folder" && exec env -i PATH="$PATH" HOME="$demo_folder" RATE_LIMIT=off WS_LIMIT=off DATA_DIR="$demo_folder/data" \
  "${DEMO_SETTINGS[@]}" \
  "$BINARY" --demo --port 0) >"$demo_folder/out" 2>"$demo_folder/err" &
demo_process=$!

# A board with rows, within a minute.
BASE=
for ((try = 0; try < 600; try++)); do
  kill -0 "$demo_process" 2>/dev/null || die "the server ended: $(cat "$demo_folder/out" "$demo_folder/err")"
  BASE=$(grep -om1 'http://[^ ]*' "$demo_folder/out" || true)
  if [[ -n $BASE ]] && node -e '
    const answer = await fetch(process.argv[1] + "/tokens?limit=100&min_liquidity_usd=10000").catch(() => null);
    process.exit(answer?.ok && (await answer.json()).data.length === 100 ? 0 : 1);
  ' --input-type=module "$BASE"; then
    break
  fi
  ((try < 599)) || die "no board within a minute: $(cat "$demo_folder/out" "$demo_folder/err")"
  sleep 0.1
done
