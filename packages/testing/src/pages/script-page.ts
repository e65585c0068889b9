import { createHash } from 'node:crypto';
import type { FastifyReply } from 'fastify';

/** A page without a face that runs one script, for an invisible frame in the page of a client. */
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

/** Any page may frame it: it says nothing to one that is not allowed to know. */
export function sendScriptPage(reply: FastifyReply, { html, policy }: ScriptPage) {
  return reply
    .removeHeader('x-frame-options')
    .header('content-security-policy', policy)
    .header('cache-control', 'no-cache, must-revalidate, no-transform, no-store')
    .type('text/html;charset=utf-8')
    .send(html);
}
