// An app that says what its claims are. It is compiled, and never run.
import fastify from 'fastify';
import {
  type AppClaims,
  authenticate,
  type Claims,
  combineVerifiers,
  createVerifier,
  type Principal,
  principalOf,
  type TokenVerifier,
  toGuard,
} from 'keycloak-guard';
import { type ExpressRequest, keycloak as expressKeycloak } from 'keycloak-guard/express';
import { keycloakGuard } from 'keycloak-guard/fastify';
import { keycloak as fetchKeycloak } from 'keycloak-guard/fetch';
import { keycloak as hapiKeycloak } from 'keycloak-guard/hapi';
import { keycloak as honoKeycloak } from 'keycloak-guard/hono';
import { keycloak as koaKeycloak } from 'keycloak-guard/koa';
import { KeycloakModule } from 'keycloak-guard/nest';
import { keycloak as nodeKeycloak } from 'keycloak-guard/node';
import { createSessions, type SessionsOptions } from 'keycloak-guard/session';

interface MyClaims {
  readonly tenant: string;
}

declare module 'keycloak-guard' {
  interface GuardTypes {
    claims: MyClaims;
  }
}

const keycloak = { serverUrl: 'http://localhost:8080', realm: 'testing', clientId: 'my-api' };
const parseClaims = ({ tenant }: Claims): MyClaims => ({ tenant: String(tenant) });

export const claims: AppClaims = { tenant: 'acme' };
export const tenantOf = (principal: Principal): string => principal.claims.tenant;

// Fastify.
const app = fastify();
await app.register(keycloakGuard, { ...keycloak, parseClaims });
// @ts-expect-error Nobody makes the claims what the app says they are.
await app.register(keycloakGuard, keycloak);
// @ts-expect-error They are made something else.
await app.register(keycloakGuard, { ...keycloak, parseClaims: () => ({ team: 'red' }) });
await app.register(keycloakGuard, { verifier: createVerifier({ ...keycloak, parseClaims }) });
// @ts-expect-error The claims of this verifier are as signed.
await app.register(keycloakGuard, { verifier: createVerifier(keycloak) });
const check = ({ claims }: Principal): boolean => claims.tenant === 'acme';
app.get('/hello', { onRequest: app.guard({ check }) }, (request) => {
  const tenant: string = principalOf(request).claims.tenant;
  // @ts-expect-error No such claim.
  principalOf(request).claims.tenent;
  // @ts-expect-error Behind no guard, or an optional one, nobody need be there.
  request.principal.claims;
  return { tenant: request.principal?.claims.tenant ?? tenant };
});
app.get('/data', { config: { guard: { check: ({ claims }) => claims.tenant === 'acme' } } }, () => '');
// @ts-expect-error No such claim.
app.guard({ check: ({ claims }) => claims.tenent === 'acme' });

// Express.
export const kc = expressKeycloak({ ...keycloak, parseClaims });
export const isAcme = kc.has(null, { check });
// @ts-expect-error Nobody makes the claims what the app says they are.
expressKeycloak(keycloak);
export const tenantOfRequest = (request: ExpressRequest): string => principalOf(request).claims.tenant;

// Koa, Hono, hapi, fetch and Nest.
export const others = [
  fetchKeycloak({ ...keycloak, parseClaims }),
  hapiKeycloak({ ...keycloak, parseClaims }),
  honoKeycloak({ ...keycloak, parseClaims }),
  koaKeycloak({ ...keycloak, parseClaims }),
  KeycloakModule.forRoot({ ...keycloak, parseClaims }),
];
// @ts-expect-error Nobody makes the claims what the app says they are.
fetchKeycloak(keycloak);
// @ts-expect-error Nobody makes the claims what the app says they are.
hapiKeycloak(keycloak);
// @ts-expect-error Nobody makes the claims what the app says they are.
honoKeycloak(keycloak);
// @ts-expect-error Nobody makes the claims what the app says they are.
koaKeycloak(keycloak);
// @ts-expect-error Nobody makes the claims what the app says they are.
KeycloakModule.forRoot(keycloak);

// Node's own servers: behind a guard there is a principal.
nodeKeycloak({ ...keycloak, parseClaims }).guard({}, ({ principal }, response) => {
  response.end(principal.claims.tenant);
});

// Without a framework.
const verifier = createVerifier({ ...keycloak, parseClaims });
export const tenant: string = (await authenticate(verifier, { headers: {} })).claims.tenant;
export const both: TokenVerifier = combineVerifiers([verifier, createVerifier({ ...keycloak, parseClaims })]);
export const mayEnter = toGuard({ check }, 'my-api');
toGuard({ check: ({ claims }) => claims.tenant === 'acme' }, 'my-api');
// @ts-expect-error No such claim.
toGuard({ check: ({ claims }) => claims.tenent === 'acme' }, 'my-api');
// @ts-expect-error Verifiers of other claims.
export const mixed: TokenVerifier = combineVerifiers([createVerifier(keycloak)]);

declare const options: Omit<SessionsOptions, 'verifier'>;
const found = await createSessions({ ...options, verifier }).authenticate({
  method: 'GET',
  url: '/',
  headers: {},
});
export const signedIn: string | undefined = found.principal?.claims.tenant;
// @ts-expect-error The claims of this verifier are as signed.
createSessions({ ...options, verifier: createVerifier(keycloak) });
