import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import { type Asked, answerInMemory } from './in-memory.ts';

/**
 * A Keycloak that answers what an admin reads, by the path below `/admin/realms/`, with or without its query; 404 to all others.
 * An answer that is a number is a status.
 *
 * @returns its address
 */
export async function startAdminApi(t: TestContext, answers: Record<string, unknown>): Promise<string> {
  const inMemory = ({ url: { pathname, searchParams } }: Pick<Asked, 'url'>): [number, unknown] => {
    const path = pathname.replace(/^\/admin\/realms\/?|\/$/g, '');
    const query = [...searchParams].map((one) => one.join('=')).join('&');
    const key = [`${path}?${query}`, path].find((one) => one in answers);
    const realm = /^\/realms\/(\w+)$/.exec(pathname)?.[1];
    const own = realm !== undefined ? { realm, 'token-service': '' } : { access_token: 'a.e30.b' };
    const isPublic = realm !== undefined || pathname.endsWith('/token');
    const value = isPublic ? own : key === undefined ? 404 : answers[key];
    return typeof value === 'number' ? [value, { error: 'no' }] : [200, value];
  };
  const server = createServer((request, response) => {
    const [status, json] = inMemory({ url: new URL(request.url ?? '/', 'http://x') });
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(json));
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  t.after(answerInMemory(origin, inMemory));
  t.after(() => server.close());
  return origin;
}
