# syntax=docker/dockerfile:1
# The same scripts as make run, so that what is tested there is what happens here.
#
#   docker build -t hotline .
#   docker run --network host -v hotline-data:/var/lib/hotline hotline
#
# --build-arg MODELS=none leaves the speech models out (600 MB less); mount a folder with models at
# /usr/share/hotline/models then.

FROM node:20-bookworm-slim AS ui
WORKDIR /src/web
COPY web/package.json web/package-lock.json ./
RUN npm ci --silent --no-audit --no-fund
COPY web ./
COPY internal/web/ui /src/internal/web/ui
RUN npm run --silent build

FROM golang:1.26-bookworm AS build
WORKDIR /src
COPY scripts/setup.sh scripts/libraries.sh scripts/
RUN scripts/setup.sh build
COPY go.mod go.sum ./
RUN go mod download
COPY . .
COPY --from=ui /src/internal/web/ui internal/web/ui
ARG VERSION=unknown
RUN mkdir -p bin/.stamps && touch bin/.stamps/setup && make binary VERSION="$VERSION"

FROM build AS models
ARG MODELS=default
COPY --from=ui /usr/local /usr/local/node
RUN scripts/setup.sh serve models
RUN PATH="$PATH:/usr/local/node/bin" scripts/bake.sh "$MODELS" /models

FROM debian:bookworm-slim
COPY scripts/setup.sh deploy/health.sh /usr/local/lib/hotline/
RUN /usr/local/lib/hotline/setup.sh serve && rm -rf /var/lib/apt/lists/*
RUN useradd --uid 10001 --home-dir /var/lib/hotline --create-home --shell /usr/sbin/nologin hotline
COPY --from=build /src/bin/hotline /usr/local/lib/hotline/bin/hotline
COPY --from=build /src/bin/lib /usr/local/lib/hotline/bin/lib
COPY --from=build /src/examples /usr/share/hotline/examples
COPY --from=models /models /usr/share/hotline/models
RUN ln -s ../lib/hotline/bin/hotline /usr/local/bin/hotline
USER hotline
WORKDIR /usr/share/hotline
ENV HOTLINE_MODELS=/var/lib/hotline/models:/usr/share/hotline/models \
    HOTLINE_DATA_DIR=/var/lib/hotline
VOLUME /var/lib/hotline
# SIP, SIP over TLS (where sip.listen has it), console and browsers' SIP, sound; 30000 is browsers' sound
EXPOSE 5060/udp 5060/tcp 5061/tcp 8080/tcp 20000-30000/udp
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s \
    CMD ["/usr/local/lib/hotline/health.sh"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["hotline"]
CMD ["serve", "--business", "examples/retail-zh", "--business", "examples/retail-en"]
