import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const ADAPTERS = fileURLToPath(new URL('../../packages/guard/src/adapters/', import.meta.url));

/** Code that takes the path out of a request, or compares one. */
const READS =
  /\b(?:pathOf|urlOf|routedUrlOf|readingsOf|tenantIn|targetOf|isForTenants)\(|\boriginalUrl\b|\bnextUrl\b|\b(?:request|req|raw|context|c)\.(?:raw\.|req\.)*(?:url|path|baseUrl|mountPath)\b|\bis404\b/;

/** Files that read a path, and to which end. To answer: a spelling that is missed there is a 404. None may be there to let pass. */
const ENDS: Readonly<Record<string, string>> = {
  'engine/engine.ts': 'names the request in a notice, and the resource in a challenge',
  'engine/fetch.ts': 'answers routes of the engine',
  'engine/node.ts': 'answers routes of the engine, and hands the URL over',
  'engine/parts/mcp-server.ts': 'puts the name of a tenant into the URL of its server',
  'engine/parts/resource-metadata.ts': 'answers metadata',
  'engine/protected-resource.ts': 'names the resource in a challenge, and answers metadata',
  'engine/realms.ts': 'answers the metadata of a tenant',
  'engine/parts/refusal-log.ts': 'names the request in the log',
  'engine/routes.ts': 'cuts the path out of a URL, and answers routes of the engine, those of tenants too',
  'fastify/engine.ts': 'hands the URL over',
  'fetch/pages.ts': 'knows the proxy of Next.js, and makes where its answer leads to absolute',
  'hono/keycloak.ts': 'hands the URL over',
  'koa/keycloak.ts': 'answers routes of the engine, and hands the URL over',
  'nest/service.ts': 'answers routes of the engine',
};

test('a guard guards what reaches it: no adapter reads a path to let a request pass', () => {
  const reading = readdirSync(ADAPTERS, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .filter((file) => READS.test(withoutComments(readFileSync(join(ADAPTERS, file), 'utf8'))));
  const unknown = reading.filter((file) => !Object.hasOwn(ENDS, file));
  assert.deepEqual(
    unknown,
    [],
    'let the router decide; or say here what the path is read for, if a missed one is a 404',
  );
  assert.deepEqual(Object.keys(ENDS).sort(), reading.sort(), 'files that read no path any more');
});

function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|\s)\/\/.*$/gm, '$1');
}
