# One image for every role; the command says which: web (the default), ingest, mine, work, migrate, serve.
# docs/deploy.md tells how to run it: as a user without rights, its own files read-only.
FROM python:3.11-slim-bookworm AS packages

WORKDIR /packages
RUN python -m venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
# The extra "kafka" of pyproject.toml.
ARG KAFKA=confluent-kafka==2.12.2
COPY requirements.txt .
RUN pip install --quiet -r requirements.txt "$KAFKA"


FROM python:3.11-slim-bookworm

# pg_dump and pg_restore, for `manage.py backup` and `restore`. As old as the distribution, and as patched.
# hadolint ignore=DL3008
RUN apt-get update \
 && apt-get install --yes --no-install-recommends postgresql-client \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --system --uid 10001 --user-group --home-dir /var/lib/procmine --create-home procmine \
 && chmod 700 /var/lib/procmine

COPY --from=packages /opt/venv /opt/venv
COPY . /app
WORKDIR /app
RUN /opt/venv/bin/python -m compileall -q /app

ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PROCMINE_VAR=/var/lib/procmine
USER 10001:10001
VOLUME /var/lib/procmine
EXPOSE 8000

# Of the web; compose.yaml switches it off for the other roles.
HEALTHCHECK --interval=15s --timeout=10s --start-period=30s \
  CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/readyz', timeout=8)"]

CMD ["daphne", "--bind", "0.0.0.0", "--port", "8000", "procmine.asgi:application"]
