"""What procmine promises under SIGKILL: nothing acknowledged is lost, stored twice, made up or altered (P1–P3, P6)."""
