import swagger from '@fastify/swagger';
import type { FastifyInstance } from 'fastify';
import type { Config } from '../config.ts';
import { DOCS_SIGN_IN } from '../controllers/docs-sign-in-controller.ts';
import { addDpopSecurity } from './dpop-security.ts';

/** Collects the routes that come after it into an OpenAPI 3.1 document. */
export async function collectOpenApi(
  app: FastifyInstance,
  { version, basePath, dpop }: { version: string; basePath: string; dpop: Config['dpop'] },
): Promise<void> {
  const authorizationUrl = basePath + DOCS_SIGN_IN.authorizationUrl;
  const tokenUrl = basePath + DOCS_SIGN_IN.tokenUrl;
  await app.register(swagger, {
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
    // The plugin calls every body a must.
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
  });
}

const DESCRIPTION = 'Log in with `POST /login`, then send the access token with each request.';

/** No body is a body without fields: a route whose model has no required field goes without. */
function allowMissingBody(body: object | undefined): void {
  if (body === undefined || !('content' in body)) return;
  const [media] = Object.values(body.content as Record<string, { schema?: { required?: string[] } }>);
  if (media?.schema !== undefined && media.schema.required === undefined)
    Object.assign(body, { required: false });
}
