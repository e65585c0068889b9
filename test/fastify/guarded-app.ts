import fastify, { type FastifyInstance } from 'fastify';
import keycloakGuard, { type KeycloakGuardOptions } from '../../packages/guard/src/adapters/fastify/index.ts';
import { createTestRealm } from '../support/test-realm.ts';

export const NOT_VALID = 'Bearer error="invalid_token", error_description="The access token is not valid"';

export async function start(more: Partial<KeycloakGuardOptions> = {}) {
  const realm = createTestRealm();
  const verifier = realm.verifier();
  await verifier.load();
  const app = fastify();
  await app.register(keycloakGuard, { verifier, ...more } as KeycloakGuardOptions);
  return { realm, verifier, app };
}
export const bearer = (token: string) => ({ headers: { authorization: `Bearer ${token}` } });
export const get = async (app: FastifyInstance, url: string, token?: string) => {
  const answer = await app.inject({ url, ...(token === undefined ? {} : bearer(token)) });
  return [answer.statusCode, answer.body, answer.headers['www-authenticate']];
};
export const body = (detail: string) => JSON.stringify({ detail });
