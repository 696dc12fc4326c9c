"""What can be wrong with a broker's connection: codes, each with what helps against it."""

from enum import StrEnum
from typing import Self

from django.conf import settings

_AGAIN = "It is tried again by itself, at least every half minute. Nothing is lost: messages wait at the broker."
_WAITING = "Recording goes on by itself; messages wait at the broker"
_NETWORK = (
    "see to the network, and that no other installation has the same PROCMINE_INSTALLATION: two would take each "
    "other's session."
)
_CHECK = f"{settings.COMMAND} check_broker"
_PERSISTENCE = f"Give the broker persistence, and sessions a longer life (docs/mosquitto.conf); {_CHECK}"
_LIMITS = f"Let it keep more (max_queued_messages, docs/mosquitto.conf); {_CHECK}"


class Fault(StrEnum):
    """A code, as `Broker.last_error_code` holds it, and its ``advice``."""

    advice: str

    def __new__(cls, code: str, advice: str) -> Self:
        member = str.__new__(cls, code)
        member._value_ = code
        member.advice = advice
        return member

    # --- While connecting -----------------------------------------------------------------
    BAD_ADDRESS = "bad-address", "Give it as mqtt://host:port, or mqtts://host:port for TLS."
    HOST_REFUSED = "host-refused", "Choose another host, or let an administrator allow this one."
    UNKNOWN_HOST = "unknown-host", "Mend the host, or the name service of the machine that records."
    NOBODY_LISTENS = "nobody-listens", f"Start the broker, or mend host and port. {_AGAIN}"
    UNANSWERED = "unanswered", f"See whether the broker is well and no firewall is between. {_AGAIN}"
    UNTRUSTED = "untrusted", "Put the certificate of the authority that signed it into the broker's CA certificate."
    BAD_CA = "bad-ca", "Paste the CA certificate again, all of it, as PEM."
    TLS = "tls", "See whether this port speaks TLS, and set TLS accordingly."
    NOT_MQTT = "not-mqtt", "Another kind of server listens there: mend host and port, or set TLS."
    SIGN_IN = "sign-in", "Mend user name and password here, or at the broker; then it goes on."
    SECRET = "secret", "Enter the password again, or add the key it was stored with to PROCMINE_SECRET_KEY_FALLBACKS."
    PROTOCOL = "protocol", "Choose the other protocol for this broker."
    REFUSED = "refused", f"The log of the broker tells why. {_AGAIN}"
    NO_CLIENT = "no-client", "Install the package on every machine that records or serves pages."
    UNUSABLE = "unusable", f"See whether the broker runs, and what its log tells. {_AGAIN}"
    BUSY = "busy", "Try again in a few seconds."

    # --- While connected ------------------------------------------------------------------
    LOST = "lost", f"{_AGAIN} If it happens often, {_NETWORK}"
    SESSION_LOST = "session-lost", f"Send again what is missing. {_PERSISTENCE} tells what else it loses."
    DROPPED = "dropped", f"{_LIMITS} tells its limits. Send again what is missing."
    SUBSCRIPTION = "subscription", "Allow the user to read this topic in the broker's access list."
    NO_TOPIC = "no-topic", "Create the topic, or correct its name in the stream."
    OFFSETS = "offsets", "Allow the user to commit offsets. Nothing is lost or stored twice without."
    TRIMMED = "trimmed", "Let the sender trim with a larger MAXLEN, and send again what is missing."
    KEY_DELETED = "key-deleted", "Let nobody delete the key, and send again what it held."
    UNCONFIRMED = "unconfirmed", f"See whether the user may write there, and whether the broker is well. {_AGAIN}"

    # --- Here -----------------------------------------------------------------------------
    LOG_REMOVED = "log-removed", "Choose another log for the stream, or stop it."
    DISK_FULL = "disk-full", f"Make room on the database's disk. {_WAITING}."
    DATABASE = "database", f"See whether the database runs and takes writes. {_WAITING}, up to its limits."
    UNEXPECTED = "unexpected", "The log of the ingest process tells more; please report it."


def advice_on(code: str) -> str:
    """Return what helps against the fault of this code; empty for any other text."""
    return next((fault.advice for fault in Fault if fault == code), "")
