FROM node:24.21.0-alpine AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
COPY packages/guard/package.json packages/guard/
COPY packages/connect/package.json packages/connect/
COPY packages/testing/package.json packages/testing/
COPY packages/server/package.json packages/server/
COPY packages/cli/package.json packages/cli/
COPY packages/create/package.json packages/create/
RUN npm ci --ignore-scripts
COPY tsconfig.json tsconfig.build.json ./
COPY tools/build/build.mjs tools/build/declarations.mjs tools/build/templates.mjs tools/build/
COPY packages packages
# What stays of a package is its package.json and the programs in dist/. npm made no link to a command that was not built yet.
RUN npm run build && npm prune --omit=dev --ignore-scripts \
  && rm -r packages/*/src packages/*/tsconfig*.json packages/*/dist/.tsbuildinfo* packages/guard/dist/cjs \
    node_modules/create-keycloak-guard packages/create node_modules/@keycloak-guard/connect packages/connect \
  && find . -type f \( -name '*.d.ts' -o -name '*.d.[cm]ts' -o -name '*.map' \) -delete && find . -type d -empty -delete \
  && chmod +x packages/cli/dist/main.js \
  && mkdir -p node_modules/.bin && ln -sf ../../packages/cli/dist/main.js node_modules/.bin/keycloak-guard
# Node keeps what it compiled, by version and user: so the service starts once, as the user that it will be. No Keycloak is there.
RUN mkdir compiled && chown 1000:1000 compiled
USER 1000:1000
RUN export NODE_ENV=production NODE_COMPILE_CACHE=/app/compiled PORT=8000 SESSION_SECRET=off KEYCLOAK_REALM=none \
  KEYCLOAK_CLIENT_ID=none KEYCLOAK_CLIENT_SECRET=none KEYCLOAK_SERVER_URL=http://127.0.0.1:81; \
  node packages/cli/dist/main.js serve & \
  for _ in $(seq 150); do wget -q -O /dev/null http://127.0.0.1:8000/docs 2>/dev/null && break; sleep 0.2; done; \
  kill $! && wait $! && chmod -R a+rX compiled

FROM node:24.21.0-alpine
ENV NODE_ENV=production HOST=0.0.0.0 PORT=8000 NODE_COMPILE_CACHE=/app/compiled PATH=/app/node_modules/.bin:$PATH
WORKDIR /app
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/packages ./packages
COPY --from=build --chown=0:0 /app/compiled ./compiled
# The user `node` by number: Kubernetes' runAsNonRoot takes no name.
USER 1000:1000
EXPOSE 8000
# Alive, not ready: a Keycloak that is away must not get this container restarted. By busybox, for a Node each time would
# cost as much as hundreds of requests; and never through a proxy that the environment names.
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s \
  CMD exec wget -q -T 2 -Y off -O /dev/null "http://127.0.0.1:$PORT/health/live"
CMD ["node", "packages/cli/dist/main.js", "serve"]
