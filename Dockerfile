# Quyen in a container: two stages, nobody's root, nothing written outside /var/lib/quyen (run it with --read-only).
FROM python:3.12-slim AS build
WORKDIR /src
COPY requirements.lock requirements-build.lock ./
RUN python -m venv /opt/quyen \
 && /opt/quyen/bin/pip install --no-cache-dir --only-binary :all: --require-hashes -r requirements.lock
COPY pyproject.toml ./
COPY tools/build_texts.sh tools/
COPY scopes scopes
COPY gateway gateway
RUN tools/build_texts.sh /opt/quyen/bin/pybabel \
 && python -m venv /opt/build \
 && /opt/build/bin/pip install --no-cache-dir --only-binary :all: --require-hashes -r requirements-build.lock \
 && /opt/build/bin/pip wheel --no-index --no-deps --no-build-isolation --wheel-dir /opt/wheel . \
 && /opt/quyen/bin/pip install --no-cache-dir --no-index --no-deps /opt/wheel/*.whl \
 && /opt/quyen/bin/python -m compileall -q /opt/quyen/lib

FROM python:3.12-slim
RUN groupadd --gid 10001 quyen \
 && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /var/lib/quyen --shell /usr/sbin/nologin quyen \
 && install -d -o quyen -g quyen -m 0700 /var/lib/quyen
COPY --from=build /opt/quyen /opt/quyen
ENV PATH=/opt/quyen/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 \
    QUYEN_DATABASE_URL=sqlite+aiosqlite:////var/lib/quyen/quyen.db \
    QUYEN_LISTEN=0.0.0.0:8400 QUYEN_API_LISTEN=0.0.0.0:8401
WORKDIR /var/lib/quyen
VOLUME /var/lib/quyen
EXPOSE 8400 8401
USER 10001:10001
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s CMD ["quyen", "healthcheck"]
ENTRYPOINT ["quyen"]
CMD ["serve"]
