#!/bin/sh
# Writes Alertmanager's configuration from what .env says, which it cannot read itself, and becomes Alertmanager.
# Mail: VIGPACK_ALERT_MAIL_TO, _MAIL_FROM, _SMTP (host:port, with STARTTLS), _SMTP_USER; the password is a secret.
# Anything else: VIGPACK_ALERT_WEBHOOK, which gets Alertmanager's JSON. Neither set: alerts stand on Prometheus' page only.
set -eu
umask 077
config=${ALERTMANAGER_CONFIG:-/tmp/alertmanager.yml}
quoted() { printf '"%s"' "$(printf '%s' "$1" | sed 's/[\\"]/\\&/g')"; }
{
  echo 'route: {receiver: it, group_by: [severity], group_wait: 15s, group_interval: 5m, repeat_interval: 12h}'
  echo 'receivers:'
  echo '  - name: it'
  if [ -n "${VIGPACK_ALERT_MAIL_TO:-}" ]; then
    echo '    email_configs:'
    echo "      - to: $(quoted "$VIGPACK_ALERT_MAIL_TO")"
    echo "        from: $(quoted "${VIGPACK_ALERT_MAIL_FROM:-$VIGPACK_ALERT_MAIL_TO}")"
    echo "        smarthost: $(quoted "${VIGPACK_ALERT_SMTP:?is not set in .env: the mail server, host:port}")"
    if [ -n "${VIGPACK_ALERT_SMTP_USER:-}" ]; then
      echo "        auth_username: $(quoted "$VIGPACK_ALERT_SMTP_USER")"
      echo '        auth_password_file: /run/secrets/smtp_password'
    fi
    echo '        send_resolved: true'
  fi
  if [ -n "${VIGPACK_ALERT_WEBHOOK:-}" ]; then
    echo '    webhook_configs:'
    echo "      - url: $(quoted "$VIGPACK_ALERT_WEBHOOK")"
    echo '        send_resolved: true'
  fi
} > "$config"
exec alertmanager --config.file="$config" --cluster.listen-address= "$@"
