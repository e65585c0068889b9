import type { Adapter } from '../contract/adapter/adapter.ts';

/** An app of the contract in each framework, by name. They take longer to load than to run, so each is loaded alone. */
export const ADAPTERS = {
  'express 5': async () => byName((await import('./express-app.ts')).EXPRESS, 'express 5'),
  'express 4': async () => byName((await import('./express-app.ts')).EXPRESS, 'express 4'),
  fastify: async () => (await import('./fastify-app.ts')).FASTIFY,
  fetch: async () => (await import('./fetch-app.ts')).FETCH,
  hapi: async () => (await import('./hapi-app.ts')).HAPI,
  hono: async () => (await import('./hono-app.ts')).HONO,
  koa: async () => (await import('./koa-app.ts')).KOA,
  'nest 11 on express': async () =>
    byName((await import('../nest/contract-app.ts')).NEST, 'nest 11 on express'),
  'nest 11 on fastify': async () =>
    byName((await import('../nest/contract-app.ts')).NEST, 'nest 11 on fastify'),
  node: async () => byName((await import('./node-app.ts')).NODE, 'node http'),
} satisfies Record<string, () => Promise<Adapter>>;

export type AdapterName = keyof typeof ADAPTERS;
export const ADAPTER_NAMES = Object.keys(ADAPTERS) as AdapterName[];

function byName(adapters: readonly Adapter[], name: string): Adapter {
  const found = adapters.find((one) => one.name === name);
  if (found === undefined) throw new Error(`there is no ${name}`);
  return found;
}
