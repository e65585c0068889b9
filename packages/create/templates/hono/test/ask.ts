import type { Hono } from 'hono';

/** Sends a request to the app, without a socket. */
export async function ask(app: Hono, path: string, headers: Record<string, string> = {}) {
  return app.request(`http://localhost:3000${path}`, { headers });
}
