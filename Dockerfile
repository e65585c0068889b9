FROM node:24.21.0-alpine AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts
COPY tsconfig.json tsconfig.build.json ./
COPY src ./src
RUN npm run build && npm prune --omit=dev --ignore-scripts

FROM node:24.21.0-alpine
ENV NODE_ENV=production HOST=0.0.0.0 PORT=8000
WORKDIR /app
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
# The user `node` by number: Kubernetes' runAsNonRoot takes no name.
USER 1000:1000
EXPOSE 8000
# Alive, not ready: a Keycloak that is away must not get this container restarted. By busybox, for a Node each time would
# cost as much as hundreds of requests; and never through a proxy that the environment names.
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s \
  CMD exec wget -q -T 2 -Y off -O /dev/null "http://127.0.0.1:$PORT/health/live"
CMD ["node", "packages/cli/dist/main.js", "serve"]
