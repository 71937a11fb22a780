# The image holds the static program and nothing else: no shell, no libraries, no package manager.
#
#   docker run -p 6379:6379 -v ./data:/data dragonfly                 loads data/dump.rdb, saves there when stopped
#   docker run -p 6379:6379 dragonfly --requirepass s3cret            flags follow the name of the image

FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
# The sticky, world-writable directories let any --user save its snapshot; new volumes inherit the mode.
RUN make build && mkdir -p /rootfs/data /rootfs/tmp && chmod 1777 /rootfs/data /rootfs/tmp && cp bin/dragonfly /rootfs/dragonfly

# make image uses the lines from here on, with a root directory prepared outside.
FROM scratch
COPY --from=build rootfs/ /
# Also logs to stderr when the arguments below are replaced.
ENV DFLY_logtostderr=true
USER 999:999
VOLUME /data
WORKDIR /data
EXPOSE 6379
HEALTHCHECK --start-period=30s --interval=15s CMD ["/dragonfly", "--healthcheck"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["/dragonfly"]
CMD ["--logtostderr"]
