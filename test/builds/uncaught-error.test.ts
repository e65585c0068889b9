import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const dist = fileURLToPath(new URL('../../packages/guard/dist/', import.meta.url));

/** What Node prints for an error that nothing catches: the line that threw it, then the message. */
function printedBy(program: string, kind: 'commonjs' | 'module'): string {
  const { stderr, status } = spawnSync(process.execPath, [`--input-type=${kind}`, '--eval', program], {
    encoding: 'utf8',
  });
  assert.equal(status, 1);
  return stderr;
}

for (const adapter of ['adapters/express', 'adapters/koa', 'adapters/hono', 'successors/connect']) {
  const call =
    adapter === 'successors/connect' ? 'new Keycloak({}, { realmm: 1 })' : "keycloak({ realmm: 'x' })";
  const name = adapter === 'successors/connect' ? 'Keycloak' : 'keycloak';
  const programs = {
    module: `import { ${name} } from '${dist}${adapter}/index.js'; ${call};`,
    commonjs: `const { ${name} } = require('${dist}cjs/${adapter}/index.js'); ${call};`,
  } as const;
  for (const kind of ['module', 'commonjs'] as const)
    test(`${adapter}, ${kind}: of a mistyped option the message is printed, not the program`, () => {
      const printed = printedBy(programs[kind], kind);
      assert.match(printed, /\nOptionsError: .*\n/);
      assert.match(printed, /^ {2}(?:realmm: is not an option|auth-server-url: )/m);
      const before = printed.slice(0, printed.search(/^OptionsError: /m));
      assert.ok(before.length < 700, `${before.length} characters before the message`);
    });
}
