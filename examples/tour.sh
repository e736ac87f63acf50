#!/bin/sh
# The API in a minute, by curl alone. Each step says what it does and what came back, and is checked: exit code 0 says
# that all is as promised, 1 that a step is not, and which. What the tour made it deletes, whatever happens. It needs the
# address of a service and a secret key of it:
#
#   BASE=http://127.0.0.1:8787 KEY=$(sed -n 's/^EASELCAST_KEY=//p' .dev.vars) sh examples/tour.sh
#
# PICTURE=lighthouse.png keeps the picture.
set -u
: "${BASE:?Say where the service is: BASE=http://127.0.0.1:8787}"
: "${KEY:?Give a secret key of it: KEY=ec_sk_...}"
BASE=${BASE%/}
tmp=$(mktemp -d) || exit 1
steps=0
made=
tidy() {
  for one in $made; do curl -s -o /dev/null -X DELETE "$BASE/v1/jobs/$one" -H "Authorization: Bearer $KEY"; done
  rm -rf "$tmp"
}
trap tidy EXIT
trap 'exit 1' INT TERM

# call METHOD PATH [options of curl]: calls as $token. Leaves the code in $status, head and body in files.
call() {
  method=$1
  path=$2
  shift 2
  : >"$tmp/body"
  status=$(curl -sS -X "$method" "$BASE$path" -H "Authorization: Bearer $token" -H "Content-Type: application/json" \
    -D "$tmp/head" -o "$tmp/body" -w '%{http_code}' "$@") || fail "the service does not answer at $BASE"
}

# field NAME: the first value of that name in the answer. header NAME: of its head.
field() { tr '{[,' '\n\n\n' <"$tmp/body" | sed -n "s/^\"$1\":\"\{0,1\}\([^\"}]*\).*/\1/p" | head -n 1; }
header() { tr -d '\r' <"$tmp/head" | grep -i "^$1:" | sed 's/^[^:]*: *//'; }
has() { grep -q "$1" "$tmp/body"; }

# step WHAT IT DOES. came WHAT CAME BACK. Together they print a line.
step() {
  steps=$((steps + 1))
  doing=$1
}
came() { printf '%2d  %-62s %s %s\n' "$steps" "$doing" "$status" "${1-}"; }

# expect CODE: of the answer. fail WHY.
expect() { [ "$status" = "$1" ] || fail "the answer should be $1 and is $status"; }
fail() {
  printf '%2d  %s\n    NOT AS PROMISED: %s.\n    ' "$steps" "$doing" "$1" >&2
  head -c 600 "$tmp/body" >&2
  echo >&2
  exit 1
}

# ended ID: follows a job by long-polling, each answer a change, until it has ended.
ended() {
  changes=0
  call GET "/v1/jobs/$1"
  until [ "$(field terminal)" = true ]; do
    call GET "/v1/jobs/$1" -H "If-None-Match: $(header ETag)" -H "Prefer: wait=20"
    case $status in 200) changes=$((changes + 1)) ;; 304) call GET "/v1/jobs/$1" ;; *) expect 200 ;; esac
  done
}

token=$KEY
job='{"workflow":"txt2img","inputs":{"prompt":"a lighthouse in fog"},"deadline":{"finish_within_seconds":600},"share":{}}'

step "Ask how the service is"
call GET /v1/health
expect 200
came "$(field status)"

step "List the workflows"
call GET /v1/workflows
expect 200
has '"id":"txt2img"' || fail "txt2img should be among them"
came "$(tr '{' '\n' <"$tmp/body" | sed -n 's/^"object":"workflow","id":"\([^"]*\).*/\1/p' | tr '\n' ' ')"

step "Let a job be checked, without making it"
call POST "/v1/jobs?validate_only=true" -d "$job"
expect 200
[ "$(field valid)" = true ] || fail "the job should be valid"
came "valid, $(field nodes) nodes would run"

step "Create it, with a link that anyone can watch"
key="tour-$$-$(date +%s)"
call POST /v1/jobs -H "Idempotency-Key: $key" -d "$job"
expect 202
id=$(field id)
made="$made $id"
link=$(grep -o 'http[^"]*/s/[0-9A-Za-z]*' "$tmp/body" | head -n 1)
[ -n "$link" ] || fail "the answer should carry the link"
came "$id"

step "Send it again, as after a lost answer"
call POST /v1/jobs -H "Idempotency-Key: $key" -d "$job"
expect 202
[ "$(field id)" = "$id" ] || fail "it should be the same job"
[ "$(header Idempotent-Replayed)" = true ] || fail "it should say Idempotent-Replayed: true"
came "the same job, now $(field status)"

step "Send something else with the same key"
call POST /v1/jobs -H "Idempotency-Key: $key" -d '{"workflow":"txt2img","inputs":{"prompt":"a cat"}}'
expect 422
came "$(field code)"

step "Long-poll it to its end"
ended "$id"
[ "$(field status)" = succeeded ] || fail "it should have succeeded and is $(field status)"
first_seed=$(field seed)
came "$changes changes, then: $(field headline)"

step "Download the picture by its signed link, without a key"
url=$(grep -o 'http[^"]*/m/[^"]*' "$tmp/body" | head -n 1)
status=$(curl -sS "$url" -o "$tmp/picture" -w '%{http_code}') || fail "the picture should come from $url"
expect 200
LC_ALL=C grep -q PNG "$tmp/picture" || fail "it should be a PNG"
LC_ALL=C grep -q "a lighthouse in fog" "$tmp/picture" && fail "the prompt should not be in the file"
[ -z "${PICTURE-}" ] || cp "$tmp/picture" "$PICTURE"
came "$(($(wc -c <"$tmp/picture"))) bytes, no prompt inside"

step "Look through the link, as any viewer"
status=$(curl -sS "$link/state" -o "$tmp/body" -w '%{http_code}') || fail "the link should answer"
expect 200
has lighthouse && fail "a viewer should not see the prompt"
came "$(field status), and no prompt"

step "List the newest jobs"
call GET "/v1/jobs?limit=5"
expect 200
has "\"id\":\"$id\"" || fail "the job should be among them"
came "$(grep -o '"object":"job"' "$tmp/body" | wc -l | tr -d ' ') jobs"

step "Catch up with all changes, and keep the cursor"
cursor=
until [ "$cursor" != "" ] && [ "$(field has_more)" = false ]; do
  call GET "/v1/changes?limit=100&cursor=$cursor"
  expect 200
  cursor=$(field next_cursor)
done
came "up to $cursor"

step "Make client tokens for two users, as your server does"
call POST /v1/client-tokens -d '{"user":"tour_bob"}'
expect 201
bob=$(field token)
call POST /v1/client-tokens -d '{"user":"tour_ana","workflows":["txt2img"],"limits":{"jobs_per_day":500}}'
expect 201
ana=$(field token)
came "good until $(field expires_at)"

step "Create a job as Ana's app, and wait for it in the same call"
token=$ana
call POST /v1/jobs -H "Prefer: wait=50" -d '{"workflow":"txt2img","inputs":{"prompt":"a boat","steps":8}}'
[ "$status" = 202 ] || expect 201
anas=$(field id)
made="$made $anas"
came "$anas, $(field status)"

step "Look for it as Bob's app"
token=$bob
call GET "/v1/jobs/$anas"
expect 404
call GET /v1/jobs
has "$anas" && fail "it should not be in Bob's list"
status=404
came "not found: a token reaches the jobs of its user"

step "Ask what changed since the cursor"
token=$KEY
call GET "/v1/changes?limit=100&cursor=$cursor"
expect 200
has "$anas" || fail "Ana's job should be there"
came "Ana's job"

step "Put a note on the first job"
call PATCH "/v1/jobs/$id" -d '{"metadata":{"album":"sea"}}'
expect 200
has '"metadata":{"album":"sea"}' || fail "the note should be in the answer"
call GET "/v1/jobs?metadata%5Balbum%5D=sea"
has "\"id\":\"$id\"" || fail "the job should be found by its note"
came "and found by it"

step "Run it again with a new seed"
call POST "/v1/jobs/$id/rerun" -d '{"inputs":{"seed":"random"}}'
expect 202
again=$(field id)
made="$made $again"
[ "$(field rerun_of)" = "$id" ] || fail "it should say what it repeats"
[ "$(field seed)" != "$first_seed" ] || fail "the seed should be another one"
came "seed $(field seed), before $first_seed"

step "Let three more wait, and cancel the last"
for n in 1 2 3; do
  call POST /v1/jobs -d '{"workflow":"txt2img","inputs":{"prompt":"never seen","steps":60}}'
  expect 202
  last=$(field id)
  made="$made $last"
done
call POST "/v1/jobs/$last/cancel" -d '{"reason":"changed_mind"}'
expect 200
ended "$last"
[ "$(field status)" = canceled ] || fail "it should be canceled and is $(field status)"
came "$(field status)"

step "Ask what was used, by user"
call GET "/v1/usage?group_by=user"
expect 200
has '"user":"tour_ana"' || fail "Ana should be there"
came "created and used, user by user"

step "Ask as Ana what she may do"
token=$ana
call GET /v1/me
expect 200
[ "$(field user)" = tour_ana ] || fail "it should name her"
came "$(field remaining) jobs left today"

step "Delete all that the tour made"
token=$KEY
for one in $made; do
  call DELETE "/v1/jobs/$one"
  expect 204
done
made=
call GET "/v1/jobs/$id"
expect 410
status=204
came "its picture, events and links are gone too"
