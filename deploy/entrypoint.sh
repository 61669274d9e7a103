#!/bin/sh
# web: UI and daemon, reachable from outside of the container; code: the code server alone; anything else is for `atlas`.
set -eu
case "$1" in
    web) exec dagster dev -w /opt/atlas/pipelines/instance/workspace.yaml -h 0.0.0.0 -p 3000 ;;
    code) exec dagster code-server start -h 0.0.0.0 -p 4266 -m pipelines.definitions ;;
    *) exec atlas "$@" ;;
esac
