import { createHash } from 'node:crypto';
import type { FastifyReply } from 'fastify';

/** A page that only runs a script, for an invisible frame in a client's page. */
export interface ScriptPage {
  readonly html: string;
  readonly policy: string;
}

export function createScriptPage(script: string): ScriptPage {
  const hash = createHash('sha256').update(script).digest('base64');
  return {
    html: `<!doctype html>\n<html lang="en">\n<head><meta charset="utf-8"><title>Status</title></head>\n<body><script type="module">${script}</script></body>\n</html>\n`,
    policy: `default-src 'none'; script-src 'sha256-${hash}'; connect-src 'self'; base-uri 'none'`,
  };
}

/** Any page may frame it. The script only answers pages that may know. */
export function sendScriptPage(reply: FastifyReply, { html, policy }: ScriptPage) {
  return reply
    .removeHeader('x-frame-options')
    .header('content-security-policy', policy)
    .header('cache-control', 'no-cache, must-revalidate, no-transform, no-store')
    .type('text/html;charset=utf-8')
    .send(html);
}
