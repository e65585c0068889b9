import type { FastifyInstance } from 'fastify';

/** Sends a request to the app, without a socket. */
export async function ask(app: FastifyInstance, path: string, headers: Record<string, string> = {}) {
  const { body, statusCode, headers: sent } = await app.inject({ path, headers });
  const text = Object.entries(sent).map(([name, value]) => [name, String(value)] as [string, string]);
  return new Response(body, { status: statusCode, headers: text });
}
