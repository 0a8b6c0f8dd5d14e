#!/bin/bash
# install.sh three-tier|cached|scaled-out: make the unpacked artefact around this script a running
# service, and wait until it answers. Runs as root on an instance; takes nothing from the network.
# PYTHON names the interpreter of the artefact's wheels, with pip. SYSTEM_ROOT, for tests: where /etc is.
set -euo pipefail
architecture=${1:?three-tier, cached or scaled-out}
python=${PYTHON:-python3}
units=${SYSTEM_ROOT:-}/etc/systemd/system
cd "$(dirname "$0")/../.."

case $architecture in
  three-tier | cached) ports=(10000) services=(server-or-serverless.service) ;;
  scaled-out)
    ports=(10000 10001 10002 10003 10004)
    services=("${ports[@]/#/server-or-serverless@}")
    services=("${services[@]/%/.service}")
    ;;
  *) echo "install: $architecture is none of three-tier, cached, scaled-out" >&2; exit 2 ;;
esac

"$python" -m venv --without-pip .venv
"$python" -m pip --python .venv/bin/python install --quiet --no-compile --no-index --no-deps \
  --find-links wheels --require-hashes --requirement requirements.txt
# The unit sees this folder read-only, so Python could not keep its bytecode later.
.venv/bin/python -m compileall -q ec2_app shared .venv/lib

mkdir -p "$units/server-or-serverless@.service.d"
cp ec2_app/server-or-serverless.service "$units/server-or-serverless.service"
cp ec2_app/server-or-serverless.service "$units/server-or-serverless@.service"
cp infrastructure/instance/one-of-several.conf "$units/server-or-serverless@.service.d/"
systemctl daemon-reload
systemctl enable --now "${services[@]}"
infrastructure/instance/health-check.sh "${ports[@]}"
