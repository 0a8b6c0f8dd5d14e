#!/bin/bash
# health-check.sh PORT...: wait until the service answers /health on each of these ports of this
# machine with 200, that is, until database and cache answer too. Exit code 1 after HEALTH_SECONDS.
set -euo pipefail
deadline=$((SECONDS + ${HEALTH_SECONDS:-120}))
for port in "$@"; do
  until curl -fsS --max-time 5 -o /dev/null "http://127.0.0.1:$port/health"; do
    if ((SECONDS >= deadline)); then
      echo "health-check: port $port does not answer; journalctl -u 'server-or-serverless*' says why" >&2
      exit 1
    fi
    sleep 1
  done
done
