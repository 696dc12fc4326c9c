"""States of brokers and streams as pages show them: a look and words."""

LOOKS = {
    "connected": ("ok", "connected"),
    "connecting": ("wait", "connecting"),
    "failed": ("bad", "cannot connect"),
    "stalled": ("bad", "stalled"),
    "stopped": ("off", "stopped"),
}
