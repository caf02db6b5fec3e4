# Memescope in a container: built by the project's own scripts, run by a user without rights.
FROM rust:1-bookworm AS build
COPY --from=node:20-bookworm-slim /usr/local/ /usr/local/
WORKDIR /src
COPY . .
RUN make build

FROM debian:bookworm-slim
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates && rm -rf /var/lib/apt/lists/* \
  && useradd --system --home-dir /data memescope && install -d -o memescope /data
COPY --from=build /src/target/release/memescope /opt/memescope/
COPY --from=build /src/target/site /opt/memescope/site
USER memescope
WORKDIR /data
ENV HOST=0.0.0.0 PORT=8080 DATA_DIR=/data LOG_FORMAT=json
VOLUME /data
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=5s --start-period=10s CMD ["/opt/memescope/memescope", "healthcheck"]
ENTRYPOINT ["/opt/memescope/memescope"]
