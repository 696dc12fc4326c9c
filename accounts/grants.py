"""Opening a log to others: what the API and the admin do alike."""

from foundation.access import Token, User
from foundation.errors import DomainError
from streams.access.logs import lacking
from streams.models import LogGrant


class GrantExistsError(DomainError):
    """The user or the group has a grant for the log already."""

    code, text = "grant-exists", "There is a grant for {name}: change that."


class BeyondOwnRightsError(DomainError):
    """Nobody gives what they do not have."""

    code, status, text = "beyond-own-rights", 403, "You may not {actions} the log {log} yourself."


def save_grant(grant: LogGrant, user: User, token: Token = None) -> None:
    """Save a grant that ``user`` gives; raises GrantExistsError, BeyondOwnRightsError."""
    others = LogGrant.objects.filter(log=grant.log).exclude(pk=grant.pk)
    for who in ("user", "group"):
        named = getattr(grant, who)
        if named is not None and others.filter(**{who: named}).exists():
            raise GrantExistsError(name=str(named))
    if missing := lacking(user, token, grant.log, grant.actions):
        raise BeyondOwnRightsError(actions=" nor ".join(missing), log=grant.log.slug)
    grant.save()
