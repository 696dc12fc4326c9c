# One image for every role; the command says which: web (the default), ingest, mine, work, migrate.
FROM python:3.11-slim

ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /app

COPY requirements.txt .
RUN pip install --quiet -r requirements.txt

COPY . .
RUN useradd --system --home-dir /var/lib/procmine --create-home procmine
USER procmine
ENV PROCMINE_VAR=/var/lib/procmine
VOLUME /var/lib/procmine
EXPOSE 8000

CMD ["daphne", "--bind", "0.0.0.0", "--port", "8000", "procmine.asgi:application"]
