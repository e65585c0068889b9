import accepts from '@fastify/accepts';
import helmet from '@fastify/helmet';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Issuer } from 'keycloak-guard';
import { PAGE_HELMET } from '../http/security-headers.ts';
import { refTo, type Welcome } from '../models.ts';
import { HOME_SCRIPT, HOME_STYLE, homePage } from './home-page.ts';

const MESSAGE =
  'Welcome to the Keycloak authentication system. Use the /login endpoint to authenticate and /protected to access the protected resource.';

/** `GET /`: JSON, or a page for browsers. In a separate scope, because helmet adds a hook for every request. */
export async function homeController(
  app: FastifyInstance,
  { issuer, basePath, hasDocs }: { issuer: Issuer; basePath: string; hasDocs: boolean },
): Promise<void> {
  const welcome: Welcome = { message: MESSAGE, documentation: `${basePath}/docs` };
  const Answer = hasDocs
    ? refTo('Welcome')
    : { type: 'object', required: ['message'], properties: { message: { type: 'string' } } };
  await app.register(accepts);
  const { directives } = PAGE_HELMET.contentSecurityPolicy;
  await app.register(helmet, {
    ...PAGE_HELMET,
    contentSecurityPolicy: {
      useDefaults: false,
      // Browsers check the redirect to Keycloak, which answers "Sign out", against the policy for forms.
      directives: { ...directives, formAction: ["'self'", () => toOrigin(issuer)] },
    },
    global: false,
  });

  app.get(
    '/',
    {
      schema: {
        summary: 'Welcome',
        description: 'Browsers get a page with the same message.',
        tags: ['guide'],
        response: { 200: { ...Answer, description: 'Where to go from here' } },
      },
    },
    async (request, reply) => {
      const vary = [reply.getHeader('vary'), 'Accept'].filter(Boolean).join(', ');
      reply.header('vary', vary).header('cache-control', 'no-cache');
      if (request.accepts().type(['json', 'html']) !== 'html') return welcome;
      await reply.helmet();
      const page = homePage({
        message: MESSAGE,
        username: await readUsername(app, request, reply),
        canSignIn: app.sessionAuthenticator !== undefined,
        hasDocs,
        basePath,
      });
      // The page is not in the response schema: it is sent as it is.
      return reply
        .header('vary', vary)
        .header('cache-control', 'no-store')
        .type('text/html; charset=utf-8')
        .serializer(String)
        .send(page as never);
    },
  );

  app.get('/home.js', { schema: { hide: true } }, (_request, reply) => {
    reply
      .type('text/javascript; charset=utf-8')
      .header('cache-control', 'public, max-age=3600')
      .send(HOME_SCRIPT);
  });

  app.get('/home.css', { schema: { hide: true } }, (_request, reply) => {
    reply.type('text/css; charset=utf-8').header('cache-control', 'public, max-age=3600').send(HOME_STYLE);
  });
}

/** Where Keycloak signs people out, as far as it is known. */
function toOrigin({ current, endpoints }: Issuer): string {
  const url = String(current?.metadata.end_session_endpoint ?? endpoints.logout);
  return URL.canParse(url) ? new URL(url).origin : "'self'";
}

/** The signed-in user of the browser. If that is unknown, the page is still shown. */
async function readUsername(app: FastifyInstance, request: FastifyRequest, reply: FastifyReply) {
  try {
    const principal = await app.sessionAuthenticator?.(request, reply);
    return principal ? (principal.username ?? principal.subject) : null;
  } catch {
    return null;
  }
}
