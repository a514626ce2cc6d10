#!/usr/bin/env bash
# What the GitHub Action does. Needs pzdecl and, to comment, gh with GH_TOKEN, GITHUB_REPOSITORY and PULL_REQUEST.
set -euo pipefail

[[ -n "${PZDECL_ENV:-}" ]] || unset PZDECL_ENV
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
read -r -a more <<<"${PZDECL_ARGUMENTS:-}"
run() { pzdecl -C "${PZDECL_DIRECTORY:-.}" "$@"; }
summarize() { cat "$1" >>"${GITHUB_STEP_SUMMARY:-/dev/null}"; }

# A field of the comment whose first line is the plan's invisible marker; nothing without one.
comment_with() {
  gh api "repos/$GITHUB_REPOSITORY/issues/$PULL_REQUEST/comments" --paginate \
    --jq ".[] | select(.body | startswith(\"$1\")) | .$2"
}

comment() {
  [[ -n "${PULL_REQUEST:-}" ]] || return 0
  local marker id
  marker=$(head -n 1 "$1")
  id=$(comment_with "$marker" id | tail -n 1)
  if [[ -n "$id" ]]; then
    gh api --method PATCH "repos/$GITHUB_REPOSITORY/issues/comments/$id" -F "body=@$1" >/dev/null
  else
    gh api --method POST "repos/$GITHUB_REPOSITORY/issues/$PULL_REQUEST/comments" -F "body=@$1" >/dev/null
  fi
}

status=0
case "$PZDECL_COMMAND" in
  validate)
    run validate --format github "${more[@]}" || status=$?
    ;;
  plan)
    run plan --detailed-exitcode --format markdown "${more[@]}" >"$work/plan.md" || status=$?
    summarize "$work/plan.md"
    case $status in 0 | 2 | 4) comment "$work/plan.md" ;; esac
    ;;
  apply)
    expect=()
    if [[ "${PZDECL_EXPECT:-}" == comment ]]; then
      run plan --format markdown "${more[@]}" >"$work/plan.md"
      marker=$(head -n 1 "$work/plan.md")
      digest=$(comment_with "$marker" body | grep -o 'sha256:[0-9a-f]\{64\}' | tail -n 1 || true)
      if [[ -z "$digest" ]]; then
        # Nothing was planned on the pull request: then there must be nothing to do now, either.
        run plan --detailed-exitcode "${more[@]}" || status=$?
        echo "status=$status" >>"${GITHUB_OUTPUT:-/dev/null}"
        [[ $status == 0 ]] && exit 0
        echo "::error::the pull request's comment tells no plan, and there is something to do now" && exit 5
      fi
      expect=(--expect "$digest")
    elif [[ -n "${PZDECL_EXPECT:-}" ]]; then
      expect=(--expect "$PZDECL_EXPECT")
    fi
    run apply --auto-approve "${expect[@]}" "${more[@]}" | tee "$work/apply.txt" || status=$?
    { echo '```'; cat "$work/apply.txt"; echo '```'; } >"$work/apply.md"
    summarize "$work/apply.md"
    ;;
  drift)
    run drift --format markdown "${more[@]}" >"$work/drift.md" || status=$?
    summarize "$work/drift.md"
    cat "$work/drift.md"
    ;;
  *)
    echo "::error::command is '$PZDECL_COMMAND': expected validate, plan, apply or drift" && exit 64
    ;;
esac
echo "status=$status" >>"${GITHUB_OUTPUT:-/dev/null}"
# A plan with changes is no failure; what is blocked is.
[[ "$PZDECL_COMMAND" == plan && $status == 2 ]] && status=0
exit "$status"
