# The image of the application; compose.yaml runs it with PostgreSQL and Redis.
FROM python:3.11-slim AS build

WORKDIR /build
RUN python -m venv /venv
COPY requirements.txt .
# What only developers need stands below that line of the file.
RUN sed '/^# For developers/,$d' requirements.txt > run.txt \
    && /venv/bin/pip install --no-cache-dir --disable-pip-version-check -r run.txt

FROM python:3.11-slim

ENV PATH=/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    DJANGO_ENV=production \
    HOST=0.0.0.0
RUN groupadd --system --gid 10001 llmselect \
    && useradd --system --uid 10001 --gid llmselect --home-dir /app --shell /usr/sbin/nologin llmselect
COPY --from=build /venv /venv
WORKDIR /app
COPY . .
# Collecting reads the settings, which in production would want secrets; none must end in the image.
RUN DJANGO_ENV=testing python manage.py collectstatic --noinput --verbosity=0
# Nothing is written to the image at run time; data is in PostgreSQL, and files of users in a volume.
RUN install -d -o llmselect -g llmselect -m 700 /var/lib/llmselect/files
ENV FILES_DIR=/var/lib/llmselect/files
VOLUME /var/lib/llmselect/files
USER llmselect
EXPOSE 3044

# Live, not ready: a container whose database is away must not be restarted for it. The slim image has no curl.
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as u; u.urlopen(f'http://127.0.0.1:{os.environ.get(\"PORT\") or 3044}/health/live', timeout=2)"]
STOPSIGNAL SIGTERM
# No shell in between: `serve` must hear SIGTERM itself, to let streams end.
CMD ["python", "manage.py", "serve"]
