#!/usr/bin/env bash
# What the GitHub Action does. Needs pzdecl and, to comment, gh with GH_TOKEN, GITHUB_REPOSITORY and PULL_REQUEST.
# Whatever comes from outside comes in variables, never as a part of this text. Runs in bash 3.2, too.
set -euo pipefail

[[ -n "${PZDECL_ENV:-}" ]] || unset PZDECL_ENV
work=$(mktemp -d)
most=900000 # bytes of a step's summary; GitHub drops the whole of one that is larger than 1 MiB

# GitHub takes every line that begins with :: for a command to it, whoever wrote it: what plans and errors quote of
# manifests and of the service must not be one. Only what is shown by `commands` is.
exec 2>&1
mute=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
on_github() { [[ "${GITHUB_ACTIONS:-}" == true ]]; }
commands() {
  if on_github; then echo "::$mute::"; fi
  cat
  if on_github; then echo "::stop-commands::$mute"; fi
}
if on_github; then echo "::stop-commands::$mute"; fi
trap 'if on_github; then echo "::$mute::"; fi; rm -rf "$work"' EXIT

status=0
finish() {
  echo "status=$status" >>"${GITHUB_OUTPUT:-/dev/null}"
  exit "${1:-$status}"
}
# An annotation; the texts are this script's own.
annotate() { echo "::$1 title=pzdecl::$2" | commands; }
die() {
  annotate error "$2"
  status=$1
  finish
}

# Arguments as a shell would read them: blanks and lines part them, quotes keep them together.
words() {
  if [[ "$1" =~ [^[:space:]] ]]; then xargs printf '%s\0' <<<"$1"; fi
}
more=()
words "${PZDECL_ARGUMENTS:-}" >"$work/more" || die 64 "arguments can't be read: is a quote missing?"
while IFS= read -r -d '' word; do more+=("$word"); done <"$work/more"
only_apply=()
words "${PZDECL_APPLY_ARGUMENTS:-}" >"$work/more" || die 64 "apply-arguments can't be read: is a quote missing?"
while IFS= read -r -d '' word; do only_apply+=("$word"); done <"$work/more"

run() { pzdecl -C "${PZDECL_DIRECTORY:-.}" "$@" ${more[@]+"${more[@]}"}; }

# Text for the step's summary: of too much the end.
summarize() {
  if (($(wc -c <"$1") > most)); then
    { echo 'The beginning is in the log only.' && tail -c "$most" "$1" | tail -n +2; } >"$work/summary"
    cat "$work/summary" >>"${GITHUB_STEP_SUMMARY:-/dev/null}"
  else
    cat "$1" >>"${GITHUB_STEP_SUMMARY:-/dev/null}"
  fi
}

# A field of the comments that begin with a plan's invisible marker. Only those of whoever the token is: anybody
# else may write a comment that begins so, too.
comment_with() {
  MARKER=$1 AUTHOR=${PZDECL_COMMENTER:-github-actions[bot]} \
    gh api "repos/$GITHUB_REPOSITORY/issues/$PULL_REQUEST/comments?per_page=100" --paginate \
    --jq ".[] | select(.user.login == env.AUTHOR and (.body | startswith(env.MARKER))) | .$2"
}

# Whether a file is a plan: an error on the way leaves nothing by which to find a comment.
planned() { [[ "$(head -n 1 "$1")" == '<!-- pzdecl:'* ]]; }

comment() {
  local id comments="repos/$GITHUB_REPOSITORY/issues"
  id=$(comment_with "$(head -n 1 "$1")" id | tail -n 1) || return 1
  if [[ -n "$id" ]]; then
    gh api --method PATCH "$comments/comments/$id" -F "body=@$1" >/dev/null
  else
    gh api --method POST "$comments/$PULL_REQUEST/comments" -F "body=@$1" >/dev/null
  fi
}

# pzdecl apply: told to stop, it finishes what it has begun to ask for and gives the state's lock back. So a
# cancelled job is passed on to it.
applying() {
  mkfifo "$work/pipe"
  tee "$work/apply.txt" <"$work/pipe" &
  local tee=$! child stopped=
  pzdecl -C "${PZDECL_DIRECTORY:-.}" apply --auto-approve "$@" \
    ${more[@]+"${more[@]}"} ${only_apply[@]+"${only_apply[@]}"} >"$work/pipe" &
  child=$!
  trap 'stopped=yes; kill -TERM "$child" 2>/dev/null || true' INT TERM
  while true; do
    status=0
    wait "$child" || status=$?
    # A signal ends a wait before what is waited for has ended.
    [[ -n "$stopped" ]] || break
    stopped=
  done
  trap - INT TERM
  wait "$tee"
}

case "${PZDECL_COMMAND:-}" in
  validate)
    run validate --format github >"$work/annotations" || status=$?
    commands <"$work/annotations"
    ;;
  plan)
    run plan --detailed-exitcode --format markdown >"$work/plan.md" || status=$?
    summarize "$work/plan.md"
    if planned "$work/plan.md" && [[ -n "${PULL_REQUEST:-}" ]] && ! comment "$work/plan.md"; then
      annotate warning "the plan is in the summary only: the token can't write comments, as on a fork"
    fi
    ;;
  apply)
    expect=()
    if [[ "${PZDECL_EXPECT:-}" == comment ]]; then
      [[ -n "${PULL_REQUEST:-}" ]] || die 64 "expect is 'comment', and there is no pull request: set pull-request"
      run plan --detailed-exitcode --format markdown >"$work/plan.md" || status=$?
      planned "$work/plan.md" || finish
      # Nothing is left to do: there were no changes, or this job was run before.
      if [[ $status == 0 ]]; then summarize "$work/plan.md" && finish; fi
      bodies=$(comment_with "$(head -n 1 "$work/plan.md")" body) || die 5 "the pull request's comments can't be read"
      # shellcheck disable=SC2016 # these are the comment's backticks
      digest=$(sed -n 's/^<sub>Just this plan: `pzdecl apply --expect \(sha256:[0-9a-f]\{64\}\)`<.*/\1/p' \
        <<<"$bodies" | tail -n 1)
      [[ -n "$digest" ]] || die 5 "the pull request's comment tells no plan, and there is something to do now"
      expect=(--expect "$digest")
      status=0
    elif [[ -n "${PZDECL_EXPECT:-}" ]]; then
      expect=(--expect "$PZDECL_EXPECT")
    fi
    applying ${expect[@]+"${expect[@]}"}
    fence='```'
    while grep -qF -- "$fence" "$work/apply.txt"; do fence+='`'; done
    # The summary's limit is counted with the fences.
    { echo "$fence" && tail -c $((most - 1000)) "$work/apply.txt" && echo "$fence"; } >"$work/apply.md"
    summarize "$work/apply.md"
    ;;
  drift)
    run drift --format markdown >"$work/drift.md" || status=$?
    summarize "$work/drift.md"
    cat "$work/drift.md"
    ;;
  *)
    die 64 "command is another one: expected validate, plan, apply or drift"
    ;;
esac
# A plan with changes is no failure; what is blocked is.
if [[ "$PZDECL_COMMAND" == plan && $status == 2 ]]; then finish 0; fi
finish
