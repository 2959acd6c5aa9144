# The program on Debian 12, built and tested apart from what runs it:
#   docker build -t aisle .
#   docker run -v shop:/data aisle key add ops --data /data/shop
#   docker run -p 8080:8080 -v shop:/data aisle
FROM debian:12-slim AS build
WORKDIR /src
COPY install-deps.sh ./
RUN ./install-deps.sh build && rm -rf /var/lib/apt/lists/*
COPY . .
RUN cmake --preset release -G Ninja -DAISLE_BENCH=OFF \
 && cmake --build --preset release \
 && cmake --install build/release --prefix /opt/aisle --strip

FROM debian:12-slim
# The run-time halves of install-deps.sh, and curl for the health check.
RUN apt-get update \
 && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends ca-certificates curl libevent-2.1-7 libevent-openssl-2.1-7 \
    libevent-pthreads-2.1-7 libgomp1 libjansson4 libopenblas0-pthread libsodium23 libsqlite3-0 libssl3 libstemmer0d libutf8proc2 libzstd1 zlib1g \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --system --uid 10001 --home-dir /data --shell /usr/sbin/nologin aisle \
 && install -d -o aisle -g aisle -m 0750 /data
COPY --from=build /opt/aisle /usr/local
USER aisle
VOLUME /data
WORKDIR /data
# Beyond loopback a shop without a key is not served: add one first. On SIGTERM requests in flight get their answers.
ENV AISLE_SERVE_DATA=/data/shop AISLE_SERVE_HOST=0.0.0.0 AISLE_SERVE_PORT=8080 AISLE_SERVE_LOG_JSON=true
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s CMD curl -fsS -o /dev/null http://127.0.0.1:8080/healthz || exit 1
ENTRYPOINT ["aisle"]
CMD ["serve"]
