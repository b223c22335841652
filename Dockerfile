# The three services, one target each:
#   docker build --target order --tag happymail/order .
# Docker 23 or later builds it as it is; older ones need DOCKER_BUILDKIT=1, for the cache mounts. No `# syntax=` line: a build needs no more than
# the two base images.
ARG SWIFT_IMAGE=swift:6.3-bookworm
ARG RUNTIME_IMAGE=debian:bookworm-slim

# --- All three executables, built once.
FROM ${SWIFT_IMAGE} AS build
# No versions: the image's Debian release decides them, and the runtime stage takes the same packages of the same release.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends libpq-dev librdkafka-dev pkg-config \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /source
COPY Package.swift ./
COPY Shared Shared
COPY Services Services
# Swift's library is linked into the executables, so the runtime needs no Swift; libpq and librdkafka stay Debian's own, which get security updates.
# Sources are compiled in a cache that outlives the build: what did not change is not compiled again. What the images need is copied out of it.
# Resource bundles (migrations, letters, OpenAPI, schemas) are looked for beside the executable. Those of libraries that we use have no resources.
RUN --mount=type=cache,target=/source/.build,sharing=locked \
    --mount=type=cache,target=/root/.cache,sharing=locked \
    for product in order billing notification; do \
        swift build --configuration release --static-swift-stdlib --product "$product" || exit 1; \
        mkdir -p "/out/$product" || exit 1; \
        strip --output-file "/out/$product/$product" ".build/release/$product" || exit 1; \
    done \
    && cp -R .build/release/happymail_EventContracts.resources .build/release/happymail_Messaging.resources \
        .build/release/happymail_ServiceRuntime.resources /out/order/ \
    && cp -R /out/order/happymail_*.resources /out/billing/ \
    && cp -R /out/order/happymail_*.resources /out/notification/ \
    && cp -R .build/release/happymail_OrderService.resources /out/order/ \
    && cp -R .build/release/happymail_BillingService.resources /out/billing/ \
    && cp -R .build/release/happymail_NotificationService.resources /out/notification/

# --- What every service runs on.
FROM ${RUNTIME_IMAGE} AS runtime
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates libpq5 librdkafka1 \
    && apt-get clean \
    && rm -rf /var/lib/apt/lists/* /var/cache/debconf/* /var/log/*
# A number, so that Kubernetes can see that it is not root. It owns nothing: the services write no files.
USER 10001:10001
# The services listen on this machine only, unless they are told otherwise; in a container that would be nobody.
ENV HTTP_HOST=0.0.0.0 HTTP_PORT=8080 PATH=/app:/usr/local/bin:/usr/bin:/bin
WORKDIR /app
EXPOSE 8080
# SIGTERM begins the drain. It is Docker's default too, and said because the services rely on it.
STOPSIGNAL SIGTERM
ARG VERSION=0.1.0
ARG REVISION=unknown
ARG CREATED=1970-01-01T00:00:00Z
LABEL org.opencontainers.image.vendor="HappyMail" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.created="${CREATED}"

# --- One image for each service. `healthcheck` asks the service's own /readyz, so that the image needs no curl.
FROM runtime AS order
LABEL org.opencontainers.image.title="HappyMail order" \
      org.opencontainers.image.description="Users and orders: the service that customers talk to."
COPY --from=build /out/order /app/
HEALTHCHECK --interval=10s --timeout=4s --start-period=60s --retries=3 CMD ["/app/order", "healthcheck"]
ENTRYPOINT ["/app/order"]
CMD ["serve"]

FROM runtime AS billing
LABEL org.opencontainers.image.title="HappyMail billing" \
      org.opencontainers.image.description="Accounts as an event-sourced ledger: deposits, charges, balances."
COPY --from=build /out/billing /app/
HEALTHCHECK --interval=10s --timeout=4s --start-period=60s --retries=3 CMD ["/app/billing", "healthcheck"]
ENTRYPOINT ["/app/billing"]
CMD ["serve"]

FROM runtime AS notification
LABEL org.opencontainers.image.title="HappyMail notification" \
      org.opencontainers.image.description="Happy and sad mails, and the messages that were sent."
COPY --from=build /out/notification /app/
HEALTHCHECK --interval=10s --timeout=4s --start-period=60s --retries=3 CMD ["/app/notification", "healthcheck"]
ENTRYPOINT ["/app/notification"]
CMD ["serve"]
