import type { SwaggerOptions } from '@fastify/swagger';
import { type FastifyInstance, fastify, type RouteOptions } from 'fastify';
import type { Config } from '../config/config.ts';
import { DOCS_SIGN_IN } from '../controllers/docs-controller.ts';

interface Document {
  readonly components?: { securitySchemes?: Record<string, object> };
  readonly paths?: Record<string, object | undefined>;
}
type Security = readonly Readonly<Record<string, readonly string[]>>[];

/** An HTTP scheme in OpenAPI (RFC 9449 §7.1). OpenAPI has no member for the proof, so the description explains it. */
const DPOP = {
  type: 'http',
  scheme: 'dpop',
  description:
    'An access token that is bound to a key, and with each request a header `DPoP` with a proof of that key (RFC 9449). ' +
    'This page can make none.',
};

/**
 * Routes with a bearer token take a token with a proof as well, or nothing else. Not the one that needs none: Keycloak ends a
 * session by no token that is bound to a key, whose proof this service cannot make.
 */
function addDpopSecurity(document: Document, dpop: Config['dpop']): void {
  const schemes = document.components?.securitySchemes;
  if (dpop === 'off' || schemes === undefined) return;
  const others = Object.keys(schemes);
  schemes.dpopAuth = DPOP;
  if (dpop === 'required') for (const name of others) delete schemes[name];
  for (const path of Object.values(document.paths ?? {})) {
    for (const operation of Object.values(path ?? {}) as { security?: Security }[]) {
      if (operation.security === undefined) continue;
      const kept = operation.security.filter(
        (one) => dpop === 'accepted' || Object.keys(one).every((name) => !others.includes(name)),
      );
      const needsToken = operation.security.every((one) => Object.keys(one).length > 0);
      operation.security = needsToken ? [{ dpopAuth: [] }, ...kept] : kept;
    }
  }
}

interface DocumentOptions {
  readonly version: string;
  readonly basePath: string;
  readonly dpop: Config['dpop'];
}

declare module 'fastify' {
  interface FastifyInstance {
    /** The OpenAPI 3.1 document of this API. Decorated where `DOCS` is on. */
    openApi(): Promise<object>;
  }
}

/** Collects the routes that are registered later. The document is written at the first request for it. */
export function collectOpenApi(app: FastifyInstance, options: DocumentOptions): void {
  const routes: RouteOptions[] = [];
  app.addHook('onRoute', (route) => {
    if (route.method !== 'HEAD') routes.push(route);
  });
  let document: Promise<object> | undefined;
  app.decorate('openApi', () => {
    document ??= writeDocument(app, routes, options);
    return document;
  });
}

/** Written by a second, unreachable app with the same routes, so the start does not wait for it. */
async function writeDocument(
  app: FastifyInstance,
  routes: readonly RouteOptions[],
  options: DocumentOptions,
): Promise<object> {
  const { default: swagger } = await import('@fastify/swagger');
  const writer = fastify({ exposeHeadRoutes: false });
  writer.setValidatorCompiler(() => () => true).setSerializerCompiler(() => String);
  for (const model of Object.values(app.getSchemas())) writer.addSchema(model);
  await writer.register(swagger, describe(app, options));
  for (const { method, url, schema = {} } of routes) {
    writer.route({ method, url, schema, handler: async () => undefined });
  }
  await writer.ready();
  return writer.swagger();
}

function describe(app: FastifyInstance, { version, basePath, dpop }: DocumentOptions): SwaggerOptions {
  const authorizationUrl = basePath + DOCS_SIGN_IN.authorizationUrl;
  const tokenUrl = basePath + DOCS_SIGN_IN.tokenUrl;
  return {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Keycloak authentication system',
        description: DESCRIPTION,
        version,
      },
      ...(basePath === '' ? {} : { servers: [{ url: basePath }] }),
      tags: [
        { name: 'guide', description: 'Log in, and be known' },
        { name: 'health', description: 'For load balancers and orchestrators' },
      ],
      components: {
        securitySchemes: {
          bearerAuth: {
            type: 'http',
            scheme: 'bearer',
            bearerFormat: 'JWT',
            description: 'The `access_token` of `POST /login`. `Bearer <token>` works too.',
          },
          keycloak: {
            type: 'oauth2',
            description: 'Sign in with Keycloak: authorization code with PKCE.',
            flows: { authorizationCode: { authorizationUrl, tokenUrl, scopes: { openid: 'Who you are' } } },
          },
        },
      },
    },
    // The plugin says that every body is required.
    transformObject: (document) => {
      if (!('openapiObject' in document)) return document.swaggerObject;
      const { openapiObject } = document;
      if (openapiObject.info !== undefined && app.sessionAuthenticator !== undefined) {
        openapiObject.info.description = `${DESCRIPTION} Who signed in [at the start](${basePath}/) needs no token on this page.`;
      }
      for (const path of Object.values(openapiObject.paths ?? {})) allowMissingBody(path?.post?.requestBody);
      addDpopSecurity(openapiObject as never, dpop);
      return openapiObject;
    },
    refResolver: { buildLocalReference: ({ $id }, _baseUri, _fragment, i) => String($id ?? `model-${i}`) },
  };
}

const DESCRIPTION = 'Log in with `POST /login`, then send the access token with each request.';

/** No body counts as a body without fields, so a model without required fields needs none. */
function allowMissingBody(body: object | undefined): void {
  if (body === undefined || !('content' in body)) return;
  const [media] = Object.values(body.content as Record<string, { schema?: { required?: string[] } }>);
  if (media?.schema !== undefined && media.schema.required === undefined)
    Object.assign(body, { required: false });
}
