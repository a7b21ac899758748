#!/bin/sh
# Writes the passwords that compose.yaml reads: random, one file each, readable by their owner only. What exists stays.
# Compose mounts them as they are, so each must belong to the user that reads it in its container; as another user than
# root this cannot be set, and the last lines say what to do.
set -eu
umask 077
cd "$(dirname "$0")"
mkdir -p secrets

random() { od -An -N24 -tx1 /dev/urandom | tr -d ' \n'; }
write() { # NAME TEXT
    [ -e "secrets/$1" ] || printf '%s' "$2" > "secrets/$1"
}

write postgres_password "$(random)"
write redis_password "$(random)"
write grafana_password "$(random)"
write database_url "postgresql://kantu:$(cat secrets/postgres_password)@postgres:5432/kantu"
write redis_url "redis://:$(cat secrets/redis_password)@redis:6379/0"

owners='10001 database_url
10001 redis_url
999 postgres_password
999 redis_password
472 grafana_password'
if [ "$(id -u)" -eq 0 ]; then
    echo "$owners" | while read -r owner name; do chown "$owner" "secrets/$name"; done
    echo "deploy/secrets: 已写好 (written)"
else
    echo "deploy/secrets: 已写好；还要以 root 设置属主 (written; their owners need root):" >&2
    echo "$owners" | while read -r owner name; do echo "  chown $owner deploy/secrets/$name" >&2; done
fi
