#!/usr/bin/env bash
# Keeps the archive of a snapshot with a release of its own, on the commit that it was made from. A release is never changed:
# where there is one already, its checksums must be the same.
#
#   release.sh FOLDER SUMS    the folder with the archive, and the line with its checksum that `mi-index snapshot` printed
#
# BASE is the default branch; GH_TOKEN is GitHub's.
set -euo pipefail

: "${BASE:?}"
folder="${1:?}" sums="${2:?}"
(cd "$folder" && sha256sum --check --strict --quiet) <"$sums"
name="$(cut -d ' ' -f 3 <"$sums")"
day="$(grep -oE '[0-9]{4}-[0-9]{2}-[0-9]{2}' <<<"$name")"
tag="snapshot-$day"

if gh release view "$tag" >/dev/null 2>&1; then
    if ! gh release download "$tag" --pattern SHA256SUMS --output - | cmp --quiet - "$sums"; then
        echo "::error::$tag is released with other bytes. Wait until a later day has been read."
        exit 1
    fi
    echo "$tag is released already."
    exit
fi
gh release create "$tag" "$folder/$name" "$sums" --target "$(git rev-parse "origin/$BASE")" --title "Snapshot of $day" --notes-file "$sums" --latest=false
