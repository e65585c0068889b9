import helmet from '@fastify/helmet';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance } from 'fastify';
import { PAGE_HELMET } from '../http/security-headers.ts';

/** What stands in the form of `POST /login` when it is opened. */
export interface DocsLogin {
  readonly username: string;
  readonly password: string;
}

/** `/openapi.json`, and `/docs`: Swagger UI from this process, with nothing from elsewhere. */
export async function docsController(
  app: FastifyInstance,
  { clientId, basePath, login }: { clientId: string; basePath: string; login: DocsLogin | undefined },
): Promise<void> {
  app.get('/openapi.json', { schema: { hide: true } }, (_request, reply) => {
    reply.header('cache-control', 'no-cache').send(app.swagger());
  });

  // In a scope of its own, for helmet has a hook for every request.
  await app.register(async (scope) => {
    // The window in which people sign in must be able to tell this page the outcome.
    await scope.register(helmet, {
      ...PAGE_HELMET,
      crossOriginOpenerPolicy: { policy: 'same-origin-allow-popups' },
    });
    scope.addHook('onRequest', (request, reply, done) => {
      if (request.url.includes('/oauth2-redirect.html')) reply.raw.removeHeader('cross-origin-opener-policy');
      const isFile = request.routeOptions.url?.includes('/static/') === true;
      reply.header('cache-control', isFile ? 'public, max-age=3600' : 'no-cache');
      done();
    });
    await scope.register(swaggerUi, {
      routePrefix: '/docs',
      indexPrefix: basePath,
      theme: {
        title: 'Keycloak authentication system: documentation',
        css: [{ filename: 'docs.css', content: STYLE }],
      },
      transformSpecification: (document) => fillIn(document, login ?? { username: '', password: '' }),
      initOAuth: { clientId, scopes: 'openid', usePkceWithAuthorizationCodeGrant: true },
      uiConfig: {
        layout: 'BaseLayout',
        displayRequestDuration: true,
        tryItOutEnabled: true,
        defaultModelsExpandDepth: 0,
        requestInterceptor: withoutSecondBearer,
      },
    });
  });
}

/** The secret stays in this process, which exchanges the code: there is nothing to type into Swagger UI's box for it. */
const STYLE = '.auth-container :has(> label[for^="client_secret_"]) { display: none; }';

interface Spec {
  paths?: Record<string, { post?: { requestBody?: { content?: Record<string, Media> } } }>;
}
interface Media {
  schema?: { properties?: Record<string, object> };
}

/** In what the page reads, not in `/openapi.json`. Without an example Swagger UI makes one up that fits the pattern. */
function fillIn(document: Spec, login: DocsLogin): Spec {
  const contents = document.paths?.['/login']?.post?.requestBody?.content ?? {};
  for (const { schema } of Object.values(contents)) {
    for (const [name, value] of Object.entries(login)) {
      Object.assign(schema?.properties?.[name] ?? {}, { examples: [value] });
    }
  }
  return document;
}

interface UiRequest {
  headers?: Record<string, string>;
}

/**
 * Runs in the page. The guide tells people to type `Bearer <token>` into the Authorize box, where Swagger UI puts a
 * `Bearer ` in front of its own. The service itself stays strict.
 */
function withoutSecondBearer(request: UiRequest): UiRequest {
  const headers = request.headers;
  if (headers?.Authorization) {
    headers.Authorization = headers.Authorization.replace(/^Bearer\s+(?:Bearer\s+)?(\S+)\s*$/i, 'Bearer $1');
  }
  return request;
}
