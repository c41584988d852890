# What the flows of all dialects share; sourced by them. They stop at the first answer that is not the expected one.
set -euo pipefail
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# call LABEL STATUS CURL-ARGUMENTS...: leaves the body in $BODY and the headers in $scratch/headers.
call() {
  local label=$1 expected=$2
  shift 2
  local status
  status=$(curl -sS -D "$scratch/headers" -o "$scratch/body" -w '%{http_code}' "$@")
  BODY=$(cat "$scratch/body")
  if [ "$status" != "$expected" ]; then
    echo "$label: $status instead of $expected: $BODY" >&2
    exit 1
  fi
  echo "$label: $status"
}

# member NAME: a text or number of the last body.
member() { sed -n 's/.*"'"$1"'":"\{0,1\}\([^",}]*\).*/\1/p' <<<"$BODY"; }

# says TEXT: the last body holds it.
says() {
  grep -qF -- "$1" <<<"$BODY" || { echo "no $1 in $BODY" >&2; exit 1; }
}

# sends HEADER-LINE: the last answer has it, in any case.
sends() {
  grep -qiF -- "$1" "$scratch/headers" || { echo "no $1 in $(cat "$scratch/headers")" >&2; exit 1; }
}

base64url() { base64 -w0 | tr '+/' '-_' | tr -d '='; }
