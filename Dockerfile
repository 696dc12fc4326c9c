# One image for every role; the command says which: web (the default), ingest, mine, work, migrate, serve.
# docs/deploy.md says how to run it: as a user without rights, its own files read-only.
# The versions of Python, Debian and PostgreSQL's client are stated here and nowhere else; docs/deploy.md says how to renew them.
FROM python:3.13.14-slim-trixie AS build

ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore PIP_ONLY_BINARY=:all:
WORKDIR /build
COPY requirements/build.txt requirements/image.txt requirements/
# The environment that runs has no pip.
RUN python -m venv --without-pip /opt/venv \
 && pip --python /opt/venv/bin/python install --quiet --require-hashes -r requirements/image.txt \
 && pip install --quiet --require-hashes -r requirements/build.txt
COPY . .
RUN pip wheel --quiet --no-deps --no-build-isolation --wheel-dir dist . \
 && pip --python /opt/venv/bin/python install --quiet --no-deps --no-index dist/*.whl \
 && pip --python /opt/venv/bin/python check


FROM python:3.13.14-slim-trixie

LABEL org.opencontainers.image.title="procmine" org.opencontainers.image.licenses="AGPL-3.0-or-later"

# pg_dump and pg_restore, for `procmine backup` and `restore`: at least as new as the server in compose.yaml.
# As old as the distribution, and as patched. Nothing is installed later, so pip goes.
# hadolint ignore=DL3008
RUN apt-get update \
 && apt-get install --yes --no-install-recommends postgresql-client-17 \
 && rm -rf /var/lib/apt/lists/* \
 && pip uninstall --yes --quiet --root-user-action=ignore pip \
 && useradd --system --uid 10001 --user-group --home-dir /var/lib/procmine --create-home procmine \
 && chmod 700 /var/lib/procmine

COPY --from=build /opt/venv /opt/venv

ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PROCMINE_VAR=/var/lib/procmine
WORKDIR /var/lib/procmine
USER 10001:10001
VOLUME /var/lib/procmine
EXPOSE 8000

# Of the web; compose.yaml switches it off for the other roles.
HEALTHCHECK --interval=15s --timeout=10s --start-period=30s \
  CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/readyz', timeout=8)"]

CMD ["daphne", "--bind", "0.0.0.0", "--port", "8000", "procmine.asgi:application"]
