// A small app with Fastify: people borrow books in the browser, programs with tokens, and an administrator takes books back.
import Fastify, { type FastifyInstance } from 'fastify';
import { type ClientOptions, createClient } from 'keycloak-guard/client';
import keycloakGuard, { backchannelLogout, keycloakSession } from 'keycloak-guard/fastify';

type Client = Pick<ClientOptions, 'serverUrl' | 'realm' | 'clientId' | 'clientSecret'>;

export async function buildApp(options: Client, sessionSecret: string): Promise<FastifyInstance> {
  const app = Fastify();
  await app.register(keycloakGuard, options);
  await app.register(backchannelLogout);
  await app.register(keycloakSession, { client: createClient(options), secret: sessionSecret });

  // Signing out is a form, for it changes something; it leads back here.
  app.get('/', { onRequest: app.guard({ optional: true }) }, ({ principal }, reply) =>
    reply
      .type('text/html')
      .send(
        principal === null
          ? '<a href="/auth/login?return_to=/loans">Sign in</a>'
          : '<form method="post" action="/auth/logout"><button>Sign out</button></form>',
      ),
  );

  // Every route of the scope is guarded: no list of URLs has to follow it.
  await app.register(
    async (loans) => {
      const borrowers = new Map<string, string | null>();
      // Some tokens name nobody: what has no borrower must not be everybody's.
      loans.guardAll({ realmRole: 'user', check: ({ subject }) => subject !== null });
      loans.get('/', ({ principal }) =>
        [...borrowers].filter(([, borrower]) => borrower === principal?.subject).map(([book]) => book),
      );
      loans.put<{ Params: { book: string } }>('/:book', ({ params, principal }, reply) => {
        if (borrowers.has(params.book)) return reply.code(409).send({ detail: 'Somebody has it' });
        borrowers.set(params.book, principal?.subject ?? null);
        return reply.code(201).send({ borrowed: params.book });
      });
      // On top of the scope's own guard, here as data.
      const admins = { config: { guard: { realmRole: 'admin' } } };
      loans.delete<{ Params: { book: string } }>('/:book', admins, ({ params }) => ({
        returned: borrowers.delete(params.book),
      }));
    },
    { prefix: '/loans' },
  );
  return app;
}
