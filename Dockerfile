# One image for every component: `serve <component>…` says which.
FROM node:24-bookworm-slim AS build
WORKDIR /srv
COPY package.json package-lock.json .npmrc ./
RUN npm ci --no-audit --no-fund
COPY . .
RUN npm run build && npm prune --omit=dev --no-audit --no-fund

FROM node:24-bookworm-slim
ENV NODE_ENV=production CP_ENVIRONMENT=production CP_HOST=0.0.0.0
WORKDIR /srv
COPY --from=build --chown=node:node /srv ./
USER node
EXPOSE 4000
ENTRYPOINT ["node", "dist/processes/serve.js"]
