import { Readable } from 'node:stream';
import { setTimeout as wait } from 'node:timers/promises';
import cors from '@fastify/cors';
import fastify, { type FastifyError, type FastifyRequest } from 'fastify';
import keycloakGuard, {
  backchannelLogout,
  type KeycloakSessionOptions,
  keycloakCalls,
  keycloakPermissions,
  keycloakSession,
  protectedResource,
} from '../../packages/guard/src/adapters/fastify/index.ts';
import type { Adapter, Given, RunningApp } from '../contract/adapter/adapter.ts';
import { toOptions } from './listen.ts';

async function start(given: Given): Promise<RunningApp> {
  const { onLine } = given;
  const stream = { write: (line: string) => onLine?.(JSON.parse(line).msg) };
  const app = fastify({ forceCloseConnections: true, logger: onLine !== undefined && { stream } });
  const { log: _, ...options } = toOptions(given);
  await app.register(keycloakGuard, options as never);
  if (given.cors !== undefined) await app.register(cors, { origin: given.cors });
  if (given.session !== undefined) {
    await app.register(keycloakSession, given.session as KeycloakSessionOptions & { prefix?: never });
  }
  if (given.resource !== undefined) await app.register(protectedResource, given.resource);
  await app.register(backchannelLogout);
  const whoami = (request: FastifyRequest) => ({ username: request.principal?.username ?? null });
  app.get('/open', () => ({ open: true }));
  app.get('/health', () => app.keycloakHealth());
  app.route({ method: ['GET', 'POST'], url: '/guarded', onRequest: app.guard(), handler: whoami });
  const admin = app.guard({ realmRole: 'admin' });
  app.route({ method: ['GET', 'POST'], url: '/admin', onRequest: admin, handler: whoami });
  app.get('/scoped', { config: { guard: { scope: 'orders:read' } } }, whoami);
  app.get('/optional', { onRequest: app.guard({ optional: true }) }, whoami);
  app.register(
    async (nested) => {
      nested.register(
        async (deep) => {
          deep.guardAll();
          deep.get('/guarded', whoami);
        },
        { prefix: '/deep' },
      );
    },
    { prefix: '/nested' },
  );
  app.get('/async', { onRequest: app.guard() }, async (request) => {
    await wait(1);
    return whoami(request);
  });
  app.get('/stream', { onRequest: app.guard() }, (_request, reply) => reply.send(Readable.from(lines())));
  app.get('/token', { onRequest: app.guard() }, async (request) => ({
    token: await app.accessToken(request),
  }));
  if (given.calls !== undefined) {
    await app.register(keycloakCalls);
    const callsOn = given.calls(app.calls as never);
    const onRequest = app.guard({ optional: true });
    app.get('/calls', { onRequest }, (request) => callsOn(request, request.principal));
  }
  const orgOf = ({ params }: FastifyRequest) => (params as { org: string }).org;
  const ofOrg = (request: FastifyRequest) => ({
    org: orgOf(request),
    tenant: request.principal?.tenant ?? null,
  });
  app.get('/orgs/:org', { onRequest: app.guard({ tenant: ':org' }) }, ofOrg);
  app.get('/members/:org', { config: { guard: (request) => ({ organization: orgOf(request) }) } }, ofOrg);
  app.get('/lost/:org', { config: { guard: { tenant: ':nothing' } } }, ofOrg);
  app.get('/asked', { onRequest: app.guard((request) => given.asks?.(request) as never) }, whoami);
  if (given.permissions !== undefined) {
    await app.register(keycloakPermissions, given.permissions);
    const permitted = (...[rule, more]: Parameters<typeof app.permit>) => ({
      onRequest: [app.guard(), app.permit(rule, more)],
    });
    app.get('/permitted', permitted('orders#view'), whoami);
    app.get('/hidden', permitted('reports#view', { hide: true }), whoami);
    app.get('/any', permitted({ anyOf: ['orders#delete', 'reports#view'] }), whoami);
    const byName = permitted(({ params }) => `${(params as { name: string }).name}#view`);
    app.get('/things/:name', byName, whoami);
    app.get('/misconfigured', permitted('nothing#view'), whoami);
    app.get('/unguarded', { onRequest: app.permit('orders#view') }, whoami);
  }
  app.get('/fails', { onRequest: app.guard() }, () => {
    throw new Error('a fault of the handler');
  });
  if (given.hasErrorHandler) {
    app.setErrorHandler((error: FastifyError & { headers?: Record<string, string> }, _request, reply) =>
      reply
        .code(error.statusCode ?? 500)
        .headers(error.headers ?? {})
        .send({ own: error.code ?? error.message }),
    );
  }
  return { url: await app.listen({ port: 0, host: '127.0.0.1' }), close: () => app.close() };
}

async function* lines() {
  for (let line = 0; line < 10; line++) {
    yield `${line}\n`;
    await wait(1);
  }
}

/** Fastify's parsers are there always. */
export const FASTIFY: Adapter = { name: 'fastify', start };
