# The relay without Workers: docs/serving.md#in-a-container

FROM node:24.21.0-slim AS build
WORKDIR /src
COPY . .
RUN npm ci && npm run binary -- --output /tributary

FROM debian:13.6-slim
LABEL org.opencontainers.image.title="Tributary" \
      org.opencontainers.image.description="A Nostr relay and aggregator" \
      org.opencontainers.image.url="https://tributary.example/" \
      org.opencontainers.image.licenses="MIT"
RUN install --directory --owner=10001 --mode=700 /var/lib/tributary
COPY --from=build /tributary /usr/local/bin/tributary
USER 10001
VOLUME /var/lib/tributary
EXPOSE 8787
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=10s --start-period=30s \
  CMD ["tributary", "nostr", "health", "--timeout", "8"]
# Options of `tributary serve` are added to it.
ENTRYPOINT ["tributary", "serve", "--host", "0.0.0.0", "--state", "/var/lib/tributary"]
