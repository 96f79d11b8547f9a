#!/usr/bin/env bash
# One open pull request for each kind of automatic change. Nothing is ever pushed by force.
#
#   take-up   if such a pull request is open, go on from its branch, with the newest default branch merged into it
#   propose   commit what changed in the data; open the pull request, or give the open one its new text
#
# Everything comes in by the environment and goes out as a quoted word or as a file: BRANCH, BASE; for propose also TITLE, BODY
# (a file), LABEL, CREDIT (may be empty). GH_TOKEN, GITHUB_REPOSITORY and GITHUB_OUTPUT are GitHub's.
set -euo pipefail

: "${BRANCH:?}" "${BASE:?}" "${GITHUB_REPOSITORY:?}"
owner="${GITHUB_REPOSITORY%%/*}"
api="repos/$GITHUB_REPOSITORY"

open_number() {
    gh api --method GET "$api/pulls" -f state=open -f head="$owner:$BRANCH" -f base="$BASE" --jq '.[0].number // empty'
}

set_up_git() {
    gh auth setup-git
    git config user.name 'github-actions[bot]'
    git config user.email '41898282+github-actions[bot]@users.noreply.github.com'
}

take_up() {
    if [ -z "$(open_number)" ]; then
        echo "No pull request is open for $BRANCH."
        return
    fi
    set_up_git
    git fetch --quiet origin "refs/heads/$BASE" "refs/heads/$BRANCH:refs/remotes/origin/$BRANCH"
    git checkout --quiet -B "$BRANCH" "origin/$BRANCH"
    if ! git merge --quiet --no-edit "origin/$BASE"; then
        git merge --abort
        echo "::error::The open pull request does not go together with the default branch: merge it, mend it or close it, and run again."
        return 1
    fi
}

propose() {
    : "${TITLE:?}" "${BODY:?}" "${LABEL:?}"
    set_up_git
    for path in resources README.md updater/classify/data; do
        if [ -e "$path" ]; then
            git add --all -- "$path"
        fi
    done
    if ! git diff --cached --quiet; then
        git commit --quiet -m "$TITLE" ${CREDIT:+-m "$CREDIT"}
    fi
    if git diff --quiet "origin/$BASE" HEAD --; then
        echo "Nothing changed."
        return
    fi
    number="$(open_number)"
    if [ -z "$number" ] && git ls-remote --exit-code --heads origin "refs/heads/$BRANCH" >/dev/null; then
        git push --quiet origin --delete "refs/heads/$BRANCH" # left over from a pull request that is merged or closed
    fi
    git push --quiet origin "HEAD:refs/heads/$BRANCH"
    if [ -n "$number" ]; then
        gh api --silent --method PATCH "$api/pulls/$number" -f title="$TITLE" -F body=@"$BODY"
    else
        number="$(gh api --method POST "$api/pulls" -f title="$TITLE" -f head="$BRANCH" -f base="$BASE" -F body=@"$BODY" --jq .number)"
        gh api --silent --method POST "$api/issues/$number/labels" -f "labels[]=$LABEL"
    fi
    # A pull request that was opened with GITHUB_TOKEN does not start its own checks.
    gh api --silent --method POST "$api/actions/workflows/check.yml/dispatches" -f ref="$BRANCH"
    echo "number=$number" >>"$GITHUB_OUTPUT"
    echo "Proposed as #$number."
}

case "${1:-}" in
take-up) take_up ;;
propose) propose ;;
*)
    echo "usage: propose.sh take-up|propose" >&2
    exit 2
    ;;
esac
