import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';

/**
 * A Keycloak that answers what an admin reads, by the path below `/admin/realms/`, with or without its query; 404 to all others.
 * An answer that is a number is a status.
 *
 * @returns its address
 */
export async function startAdminApi(t: TestContext, answers: Record<string, unknown>): Promise<string> {
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://x');
    const path = pathname.replace(/^\/admin\/realms\/?|\/$/g, '');
    const query = [...searchParams].map((one) => one.join('=')).join('&');
    const key = [`${path}?${query}`, path].find((one) => one in answers);
    const realm = /^\/realms\/(\w+)$/.exec(pathname)?.[1];
    const own = realm !== undefined ? { realm, 'token-service': '' } : { access_token: 'a.e30.b' };
    const isPublic = realm !== undefined || pathname.endsWith('/token');
    const value = isPublic ? own : key === undefined ? 404 : answers[key];
    response.writeHead(typeof value === 'number' ? value : 200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(typeof value === 'number' ? { error: 'no' } : value));
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  t.after(() => server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
