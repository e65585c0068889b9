// A small app with hapi: people keep notes in the browser, programs with tokens, and an administrator counts them.
import Hapi, { type Server } from '@hapi/hapi';
import { type KeycloakOptions, keycloak } from 'keycloak-guard/hapi';

interface Note {
  readonly owner: string;
  readonly text: string;
}

export async function buildApp(options: KeycloakOptions, port = 0): Promise<Server> {
  const kc = keycloak(options);
  const server = Hapi.server({ port, host: 'localhost' });
  const notes: Note[] = [];

  await server.register(kc.plugin);
  server.auth.strategy('admin', 'keycloak', { realmRole: 'admin' });
  // Some tokens have no subject: a note without an owner would belong to all of them.
  server.auth.strategy('person', 'keycloak', {
    check: ({ subject }: { subject: string | null }) => subject !== null,
  });

  server.route({
    method: 'GET',
    path: '/',
    handler: () => '<h1>Notes</h1><p><a href="/notes">Mine</a> <a href="/count">How many</a></p>',
  });
  server.route({
    method: 'GET',
    path: '/notes',
    options: { auth: 'person' },
    handler: ({ auth }) => notes.filter(({ owner }) => owner === auth.credentials.user?.subject),
  });
  server.route({
    method: 'POST',
    path: '/notes',
    options: { auth: 'person', payload: { maxBytes: 10_000, parse: false } },
    handler({ auth, payload }, h) {
      const text = String(payload).trim();
      if (text === '') return h.response({ detail: 'A note has a text' }).code(422);
      const note = { owner: auth.credentials.user?.subject as string, text };
      notes.push(note);
      return h.response(note).code(201);
    },
  });
  server.route({
    method: 'GET',
    path: '/count',
    options: { auth: 'admin' },
    handler: () => ({ notes: notes.length }),
  });
  return server;
}
