import { createHash } from 'node:crypto';
import type { FastifyReply } from 'fastify';

/**
 * What sends a page that only runs a script, for an invisible frame in a client's page. Any page may frame it: the script
 * only answers pages that may know.
 */
export function createScriptPage(script: string) {
  const hash = createHash('sha256').update(script).digest('base64');
  const policy = `default-src 'none'; script-src 'sha256-${hash}'; connect-src 'self'; base-uri 'none'`;
  const html = `<!doctype html>\n<html lang="en">\n<head><meta charset="utf-8"><title>Status</title></head>\n<body><script type="module">${script}</script></body>\n</html>\n`;
  return (reply: FastifyReply) =>
    reply
      .removeHeader('x-frame-options')
      .header('content-security-policy', policy)
      .header('cache-control', 'no-cache, must-revalidate, no-transform, no-store')
      .type('text/html;charset=utf-8')
      .send(html);
}
