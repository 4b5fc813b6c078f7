# The images for those who have a container engine; `make image` makes the same contents without one.
#   docker build --target smc-webhook -t REGISTRY/smc-webhook:VERSION .
# and likewise for the targets smc-node-init, smc-node-agent and smc-bench. --build-arg DEBIAN=13 builds on the other release.
ARG DEBIAN=12
FROM debian:${DEBIAN} AS build
WORKDIR /src
COPY . .
RUN scripts/install-packages build image
RUN cmake --preset release -DSMC_STATIC_KUBECTL=ON \
 && cmake --build --preset release --target smc-webhook smc-node-init smc-node-agent smc-bench kubectl-smc \
 && scripts/image --tree /images smc-webhook smc-node-init smc-node-agent smc-bench

FROM scratch AS smc-webhook
COPY --from=build /images/smc-webhook/ /
USER 65532:65532
EXPOSE 8443 8080
ENTRYPOINT ["/smc-webhook"]

FROM scratch AS smc-node-init
COPY --from=build /images/smc-node-init/ /
ENTRYPOINT ["/smc-node-init"]

FROM scratch AS smc-node-agent
COPY --from=build /images/smc-node-agent/ /
ENTRYPOINT ["/smc-node-agent"]

FROM scratch AS smc-bench
COPY --from=build /images/smc-bench/ /
USER 65532:65532
EXPOSE 8080
ENTRYPOINT ["/smc-bench"]
