import { createServer, type Server } from 'node:http';
import { server as createHapi } from '@hapi/hapi';
import { createAdaptorServer } from '@hono/node-server';
import Router from '@koa/router';
import express from 'express';
import express4 from 'express4';
import fastify from 'fastify';
import { Hono } from 'hono';
import Koa from 'koa';
import type { AdapterName } from '../adapters/all.ts';
import { listen } from '../adapters/listen.ts';
import type { RunningApp } from '../contract/adapter/adapter.ts';

const PATHS = ['/guarded', '/orgs/:org'];
const BODY = { detail: 'Not authenticated' };

/** An app of each framework without anything of this library: its router and its parser have a price of their own. */
const BARE = {
  'express 5': async () => ofExpress(express()),
  'express 4': async () => ofExpress(express4() as never),
  'nest 11 on express': async () => ofExpress(express()),
  fastify: ofFastify,
  'nest 11 on fastify': ofFastify,
  'the service': ofFastify,
  async hapi() {
    const app = createHapi();
    for (const path of ['/guarded', '/orgs/{org}']) {
      app.route({ method: 'GET', path, handler: (_request, h) => h.response(BODY).code(401) });
    }
    await app.initialize();
    return app.listener as Server;
  },
  async hono() {
    const app = new Hono();
    for (const path of PATHS) app.get(path, (c) => c.json(BODY, 401));
    return createAdaptorServer(app) as Server;
  },
  async koa() {
    const router = new Router();
    for (const path of PATHS) {
      router.get(path, (ctx) => {
        ctx.status = 401;
        ctx.body = BODY;
      });
    }
    return createServer(new Koa().use(router.routes()).callback());
  },
} satisfies Partial<Record<AdapterName | 'the service', () => Promise<Server>>>;

async function ofFastify(): Promise<Server> {
  const app = fastify();
  for (const path of [...PATHS, '/protected']) {
    app.get(path, async (_request, reply) => reply.code(401).send(BODY));
  }
  // It parses JSON itself.
  app.post('/login', async (_request, reply) => reply.code(422).send(BODY));
  await app.ready();
  return app.server;
}

function ofExpress(app: express.Express): Server {
  for (const path of PATHS) app.get(path, (_request, response) => void response.status(401).json(BODY));
  return createServer(app);
}

/** `undefined` where there is no framework, only Node or the Fetch standard. */
export async function startBare(name: string): Promise<RunningApp | undefined> {
  if (!Object.hasOwn(BARE, name)) return undefined;
  return listen(await BARE[name as keyof typeof BARE](), async () => {});
}
