import helmet from '@fastify/helmet';
import { type FastifyInstance, type FastifyReply, type FastifyRequest, fastify } from 'fastify';
import type { Issuer } from 'keycloak-guard';
import type { KeycloakClient } from 'keycloak-guard/client';
import { toWrittenOrigin } from 'keycloak-guard/unstable';
import { type Report, toLoginOutcome, userOf } from '../audit/security-events.ts';
import { PAGE_HELMET } from '../http/security-headers.ts';

/** Initial values of the form of `POST /login`. */
export interface DocsLogin {
  readonly username: string;
  readonly password: string;
}

/** `/openapi.json`, and `/docs`: Swagger UI, served whole from this process. */
export async function docsController(
  app: FastifyInstance,
  { clientId, basePath, login }: PageOptions,
): Promise<void> {
  app.get('/openapi.json', { schema: { hide: true } }, async (_request, reply) =>
    reply.header('cache-control', 'no-cache').send(await app.openApi()),
  );

  let page: Promise<FastifyInstance> | undefined;
  const openOnce = () => {
    page ??= openPage(app, { clientId, basePath, login }).catch((error: unknown) => {
      page = undefined;
      throw error;
    });
    return page;
  };
  const files = new Map<string, Promise<PageFile | undefined>>();
  /** In memory once, however many read it, and however slowly. */
  function fileAt(path: string): Promise<PageFile | undefined> {
    const known = files.get(path);
    if (known !== undefined || !PLAIN.test(path)) return known ?? Promise.resolve(undefined);
    const read = openOnce().then((opened) => readFile(opened, path));
    files.set(path, read);
    const forget = (): void => void files.delete(path);
    read.then((file) => file ?? forget(), forget);
    return read;
  }

  async function sendPage(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const file = await fileAt(request.url.replace(/\?.*$/s, ''));
    if (file === undefined) {
      reply.callNotFound();
      return reply;
    }
    const { statusCode, headers, payload } = file;
    reply.headers(headers);
    const isKnown = headers.etag !== undefined && request.headers['if-none-match'] === headers.etag;
    if (isKnown) return reply.removeHeader('content-length').code(304).send();
    return reply.code(statusCode).send(payload);
  }
  const schema = { hide: true };
  app.get('/docs', { schema }, sendPage);
  app.get('/docs/*', { schema }, sendPage);
}

/** The answer to everybody who asks for a file. */
interface PageFile {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly payload: Buffer | undefined;
}

/** A file has one spelling. */
const PLAIN = /^\/docs(?:\/[\w-]+(?:\.[\w-]+)*)*\/?$/;

async function readFile(page: FastifyInstance, url: string): Promise<PageFile | undefined> {
  const { statusCode, headers, rawPayload } = await page.inject({ method: 'GET', url });
  if (statusCode >= 400) return undefined;
  // The first three belong to the connection, and parts of a file would be copies of it.
  const { connection: _, date: __, 'transfer-encoding': ___, 'accept-ranges': ____, ...kept } = headers;
  const payload = rawPayload.length === 0 ? undefined : rawPayload;
  return { statusCode, headers: kept as Record<string, string>, payload };
}

interface PageOptions {
  readonly clientId: string;
  readonly basePath: string;
  readonly login: DocsLogin | undefined;
}

/**
 * The page and its files as an app of its own, which only the routes above can reach: so it is loaded when somebody first
 * looks at it, and no start waits for it.
 */
async function openPage(app: FastifyInstance, { clientId, basePath, login }: PageOptions) {
  const [{ default: swagger }, { default: swaggerUi }] = await Promise.all([
    import('@fastify/swagger'),
    import('@fastify/swagger-ui'),
  ]);
  const page = fastify();
  page.register(swagger, {
    mode: 'static',
    specification: { document: (await app.openApi()) as never },
  });
  // The window in which people sign in must be able to tell this page the outcome.
  await page.register(helmet, {
    ...PAGE_HELMET,
    crossOriginOpenerPolicy: { policy: 'same-origin-allow-popups' },
  });
  page.addHook('onRequest', (request, reply, done) => {
    if (request.url.includes('/oauth2-redirect.html')) reply.raw.removeHeader('cross-origin-opener-policy');
    done();
  });
  // What serves the files has set its own.
  page.addHook('onSend', (request, reply, _payload, done) => {
    const isFile = request.routeOptions.url?.includes('/static/') === true;
    if (reply.statusCode < 400) reply.header('cache-control', isFile ? 'public, max-age=3600' : 'no-cache');
    done();
  });
  page.register(swaggerUi, {
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
  return page;
}

/** This process exchanges the code and keeps the secret, so Swagger UI shows no box for it. */
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

interface SignInOptions {
  readonly client: KeycloakClient;
  readonly issuer: Issuer;
  readonly clientId: string;
  readonly publicUrl: string | undefined;
  readonly report: Report;
}

const REDIRECT_PATH = '/docs/static/oauth2-redirect.html';
const PASSED_ON = ['state', 'scope', 'code_challenge'];

/** Where Swagger UI finds the two endpoints below. */
export const DOCS_SIGN_IN = {
  authorizationUrl: '/docs/oauth2/authorize',
  tokenUrl: '/docs/oauth2/token',
} as const;

/**
 * OAuth 2 sign-in for Swagger UI, with PKCE. The client is confidential and its secret must not reach the page: the
 * page brings the code, and this process exchanges it. Only for the page's own redirect URI.
 */
export async function docsSignIn(
  app: FastifyInstance,
  { client, issuer, clientId, publicUrl, report }: SignInOptions,
): Promise<void> {
  const redirectUriOf = (request: FastifyRequest): string =>
    `${publicUrl ?? toWrittenOrigin(`${request.protocol}://${request.host}`)}${REDIRECT_PATH}`;
  const schema = { hide: true } as object;

  app.get(DOCS_SIGN_IN.authorizationUrl, { schema }, async (request, reply) => {
    const query = request.query as Record<string, unknown>;
    const { redirect_uri, response_type, code_challenge, code_challenge_method } = query;
    const isOurs = redirect_uri === redirectUriOf(request) && response_type === 'code';
    if (!isOurs || code_challenge_method !== 'S256' || typeof code_challenge !== 'string') {
      return reply.code(400).send({ detail: 'This is for the documentation page alone' });
    }
    const { metadata } = await issuer.discover();
    const url = new URL(String(metadata.authorization_endpoint ?? issuer.endpoints.authorization));
    const fixed = { client_id: clientId, redirect_uri, response_type, code_challenge_method: 'S256' };
    for (const [name, value] of Object.entries(fixed)) url.searchParams.set(name, value);
    for (const name of PASSED_ON) {
      const value = query[name];
      if (typeof value === 'string') url.searchParams.set(name, value);
    }
    return reply.redirect(url.href, 303);
  });

  app.post(DOCS_SIGN_IN.tokenUrl, { schema }, async (request, reply) => {
    const { grant_type, code, redirect_uri, code_verifier } = (request.body ?? {}) as Record<string, unknown>;
    const isWhole = typeof code === 'string' && typeof code_verifier === 'string';
    if (grant_type !== 'authorization_code' || !isWhole || redirect_uri !== redirectUriOf(request)) {
      return reply
        .code(400)
        .send({ error: 'invalid_request', detail: 'This is for the documentation page alone' });
    }
    const login = { event: 'login', by: 'docs' } as const;
    const { accessToken, expiresInSeconds } = await client
      .exchangeCode({ code, redirectUri: redirect_uri, codeVerifier: code_verifier })
      .catch((error: unknown) => {
        report(request, { ...login, outcome: toLoginOutcome(error) });
        throw error;
      });
    report(request, { ...login, outcome: 'ok', ...userOf(accessToken) });
    // No refresh token: the page would keep it.
    return {
      access_token: accessToken,
      token_type: 'bearer',
      ...(expiresInSeconds === null ? {} : { expires_in: expiresInSeconds }),
    };
  });
}
