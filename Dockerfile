# Two stages: the first builds the wheel and a virtual environment from the lock, the second holds only the result.
ARG PYTHON_IMAGE=python:3.12-slim

FROM ${PYTHON_IMAGE} AS build
WORKDIR /src
COPY requirements.lock ./
COPY deploy/install.sh deploy/
RUN deploy/install.sh dependencies /opt/roxham
COPY pyproject.toml README.md LICENSE ./
COPY config config
COPY spiders spiders
COPY monitor monitor
RUN deploy/install.sh program /opt/roxham

FROM ${PYTHON_IMAGE}
LABEL org.opencontainers.image.title="Roxham" \
      org.opencontainers.image.description="News monitoring that a newsroom can trust" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /opt/roxham /opt/roxham
COPY config /config
RUN mkdir /data && chown 10001:10001 /data

# Where things lie in the container. Mail goes to files until ROXHAM_MAIL says smtp://… (see docs/operator.md).
ENV PATH=/opt/roxham/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    HOME=/tmp \
    ROXHAM_CONFIG=/config \
    ROXHAM_ARCHIVE=sqlite:////data/roxham.db \
    ROXHAM_MAIL=maildir:/data/outbox

USER 10001:10001
WORKDIR /data
VOLUME ["/data", "/config"]
HEALTHCHECK --interval=60s --timeout=15s --start-period=60s --retries=3 CMD ["roxham", "status", "--alive"]
ENTRYPOINT ["roxham"]
CMD ["run"]
