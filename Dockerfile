# Comment Desk as an image. The first stage builds; the second has what runs, nothing to build with,
# no root and no need to write anywhere but /data and /tmp:
#
#   docker build -t comment-desk .
#   docker run --read-only --tmpfs /tmp -v desk:/data -p 127.0.0.1:8000:8000 comment-desk

FROM python:3.13-slim AS build

WORKDIR /src
COPY requirements.lock requirements-build.lock ./
RUN python -m venv --without-pip /opt/comment-desk \
    && pip --python /opt/comment-desk install --no-cache-dir --require-hashes -r requirements.lock \
    && pip install --no-cache-dir --require-hashes -r requirements-build.lock

COPY pyproject.toml README.md LICENSE ./
COPY service service
COPY models models
RUN pip wheel --no-deps --no-build-isolation --wheel-dir /dist . \
    && pip --python /opt/comment-desk install --no-cache-dir --no-deps --no-index /dist/*.whl


FROM python:3.13-slim

RUN useradd --system --uid 10001 --user-group --no-create-home --home-dir /tmp desk \
    && install -d -o desk -g desk -m 0700 /data
COPY --from=build /opt/comment-desk /opt/comment-desk

ENV PATH=/opt/comment-desk/bin:$PATH \
    HOME=/tmp \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    COMMENT_DESK_DATA_DIR=/data

USER desk
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=15s --timeout=5s --start-period=20s --retries=3 \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/livez', timeout=4)"]
ENTRYPOINT ["comment-desk"]
CMD ["serve", "--host", "0.0.0.0"]
