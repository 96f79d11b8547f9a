#!/usr/bin/env bash
# One issue for as long as the index is stale: opened, kept up to date, closed. Reads `mi-index stats --health`.
# GH_TOKEN and GITHUB_REPOSITORY are GitHub's; LABEL names the issue's label.
set -euo pipefail

: "${GITHUB_REPOSITORY:?}"
label="${LABEL:-stale}"
api="repos/$GITHUB_REPOSITORY"
body="$(mktemp)"
trap 'rm -f "$body"' EXIT

code=0
mi-index stats --health >"$body.txt" || code=$?
if [ "$code" -gt 1 ]; then
    exit "$code"
fi
{
    echo "What \`mi-index stats --health\` says:"
    echo
    sed 's/^/    /' "$body.txt"
    echo
    echo "The maintainer's handbook tells what to do when a source is silent. This issue is closed by itself."
} >"$body"
rm -f "$body.txt"

number="$(gh api --method GET "$api/issues" -f state=open -f labels="$label" -f creator='github-actions[bot]' --jq '.[0].number // empty')"
if [ "$code" -eq 1 ] && [ -z "$number" ]; then
    gh api --silent --method POST "$api/issues" -f title="The index has gone stale" -F body=@"$body" -f "labels[]=$label"
elif [ "$code" -eq 1 ]; then
    gh api --silent --method PATCH "$api/issues/$number" -F body=@"$body"
elif [ -n "$number" ]; then
    gh api --silent --method POST "$api/issues/$number/comments" -f body="The index is fresh again."
    gh api --silent --method PATCH "$api/issues/$number" -f state=closed -f state_reason=completed
fi
