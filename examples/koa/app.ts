// A small app with Koa: people keep notes in the browser, programs with tokens, and an administrator counts them.
import Router from '@koa/router';
import { type KeycloakOptions, keycloak } from 'keycloak-guard/koa';
import Koa, { type Context } from 'koa';

interface Note {
  readonly owner: string;
  readonly text: string;
}

const MAX_LENGTH = 10_000;

export function buildApp(options: KeycloakOptions, sessionSecret: string): Koa {
  const kc = keycloak(options);
  const app = new Koa();
  const notes: Note[] = [];

  app.use(kc.session({ secret: sessionSecret }));
  app.use(kc.backchannelLogout());

  // Some tokens name nobody: what has no owner must not be everybody's.
  const mine = new Router({ prefix: '/notes' });
  mine.use(kc.guard({ check: ({ subject }) => subject !== null }));
  mine.get('/', (ctx) => {
    ctx.body = notes.filter(({ owner }) => owner === ctx.state.principal?.subject);
  });
  mine.post('/', async (ctx) => {
    const text = await readText(ctx);
    if (text === '') ctx.throw(422, 'A note has a text');
    const note = { owner: ctx.state.principal?.subject as string, text };
    notes.push(note);
    ctx.status = 201;
    ctx.body = note;
  });

  const router = new Router();
  router.get('/', (ctx) => {
    ctx.body = '<h1>Notes</h1><p><a href="/notes">Mine</a> <a href="/count">How many</a></p>';
  });
  router.get('/count', kc.guard({ realmRole: 'admin' }), (ctx) => {
    ctx.body = { notes: notes.length };
  });
  app.use(router.routes());
  app.use(mine.routes());
  return app;
}

async function readText(ctx: Context): Promise<string> {
  let text = '';
  for await (const chunk of ctx.req.setEncoding('utf8')) {
    text += chunk;
    if (text.length > MAX_LENGTH) ctx.throw(413, 'The note is too long');
  }
  return text.trim();
}
