#!/usr/bin/env bash
# Stands in for nginx 1.28: Debian's nginx does not know `resolve`, and looks names up once, at its start. Everything else is taken as it is.
set -euo pipefail

sed 's/ resolve / /' /etc/nginx/happymail.conf >/tmp/happymail.conf
exec /usr/sbin/nginx -e stderr -c /tmp/happymail.conf
