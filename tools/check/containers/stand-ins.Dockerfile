# Stand-ins for the images that Dockerfile and the compose files name, of Debian's packages: what reads those files reaches no registry
# of images. They have the users, paths, settings and entry points of the originals, as far as those files use them.
FROM stand-in/debian AS node
# BusyBox's programs first, as in Alpine. Debian's has no `find -delete`.
RUN busybox --install -s /usr/local/sbin && rm /usr/local/sbin/find && useradd --uid 1000 --create-home node
COPY . /usr/local
# For npm alone: programs find certificates by themselves.
ENV NPM_CONFIG_CAFILE=/etc/ssl/certs/ca-certificates.crt
CMD ["node"]

FROM stand-in/debian AS server
RUN mkdir /etc/postgresql-common && echo create_main_cluster=false >/etc/postgresql-common/createcluster.conf \
  && apt-get -q update && DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends \
  nginx-light openjdk-21-jre-headless postgresql-17 valkey-server \
  && ln -s /usr/bin/busybox /usr/local/bin/wget && apt-get clean && rm -r /var/lib/apt/lists

# Built for its database before it starts, and with the quicker Java of tools/run/keycloak.
FROM server AS keycloak
ARG JAVA_OPTIONS
ENV LANG=C.UTF-8 JAVA_OPTS_APPEND=$JAVA_OPTIONS
COPY --chown=1000:0 . /opt/keycloak
USER 1000
RUN /opt/keycloak/bin/kc.sh build --db=postgres --health-enabled=true
ENTRYPOINT ["/opt/keycloak/bin/kc.sh"]

FROM server AS postgres
ENV LANG=C.UTF-8 PGDATA=/var/lib/postgresql/data PATH=/usr/lib/postgresql/17/bin:/usr/local/bin:/usr/bin:/bin
COPY postgres.sh /
VOLUME /var/lib/postgresql/data
STOPSIGNAL SIGINT
ENTRYPOINT ["bash", "/postgres.sh"]

FROM server AS nginx
RUN rm /etc/nginx/sites-enabled/default
STOPSIGNAL SIGQUIT
CMD ["nginx", "-g", "daemon off;"]

FROM server AS valkey
RUN mkdir /data && chown valkey:valkey /data
WORKDIR /data
VOLUME /data
CMD ["valkey-server"]
