import type { FastifyInstance } from 'fastify';
import type { ExpressKeycloak } from '../../../packages/guard/src/adapters/express/index.ts';
import type { FetchKeycloak } from '../../../packages/guard/src/adapters/fetch/index.ts';
import type { HonoKeycloak } from '../../../packages/guard/src/adapters/hono/index.ts';
import type { KoaKeycloak } from '../../../packages/guard/src/adapters/koa/index.ts';
import { Require } from '../../../packages/guard/src/adapters/nest/index.ts';
import type { NodeKeycloak } from '../../../packages/guard/src/adapters/node/index.ts';

declare const express: ExpressKeycloak;
declare const koa: KoaKeycloak;
declare const hono: HonoKeycloak;
declare const fetch: FetchKeycloak;
declare const node: NodeKeycloak;
declare const app: FastifyInstance;

// Functions get the framework's own request.
express.guard((request) => ({ organization: String(request.params.org), kind: 'person' }));
express.guard({ anyOf: [{ realmRole: 'support' }, ({ query }) => ({ group: `/${query.group}` })] });
koa.guard((ctx) => ({ organization: ctx.params.org }));
hono.guard((c) => ({ organization: c.req.param('org') ?? '' }));
fetch.guard(
  ({ url }) => ({ tenant: new URL(url).pathname }),
  (_request, { principal }) => new Response(principal.tenant),
);
node.guard(
  ({ url = '' }) => ({ tenant: url }),
  (request) => request.principal.tenant,
);
app.guard(({ params }) => ({ tenant: (params as { org: string }).org }));
app.get('/', { config: { guard: (request) => ({ tenant: request.hostname }) } }, () => '');
Require((request, context) => ({ tenant: `${request.params.org}${context.getClass()}` }));
express.upgrade(
  ({ url = '' }) => ({ tenant: url }),
  (_request, _socket, _head, { principal }) => void principal.tenant,
);

// An optional guard may find nobody, with a function in it too.
fetch.guard(
  { optional: true, allOf: [() => ({ tenant: 'acme' })] },
  (_request, { principal }) => new Response(principal?.tenant),
);
fetch.guard(
  { optional: true, allOf: [() => ({ tenant: 'acme' })] },
  // @ts-expect-error It may be null.
  (_request, { principal }) => new Response(principal.tenant),
);

// @ts-expect-error A promise is no requirement.
express.guard(async () => ({ organization: 'acme' }));
// @ts-expect-error It is misspelt.
express.guard(() => ({ organisation: 'acme' }));
// @ts-expect-error A tenant is a string.
koa.guard((ctx) => ({ tenant: ctx.ip.length }));
// @ts-expect-error The route may have no such parameter.
hono.guard((c) => ({ tenant: c.req.param('org') }));
// @ts-expect-error Either by alias or by id.
express.guard({ organization: { name: 'acme' } });
// @ts-expect-error The function gives all requirements, not one.
express.guard({ organization: (request: Request) => request.url });
