import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const packages = fileURLToPath(new URL('../../packages/', import.meta.url));

/** What Node prints for an error that nothing catches: the line that threw it, then the message. */
function printedBy(program: string, kind: 'commonjs' | 'module'): string {
  const { stderr, status } = spawnSync(process.execPath, [`--input-type=${kind}`, '--eval', program], {
    encoding: 'utf8',
  });
  assert.equal(status, 1);
  return stderr;
}

for (const adapter of ['express', 'koa', 'hono', 'connect']) {
  const isConnect = adapter === 'connect';
  const call = isConnect ? 'new Keycloak({}, { realmm: 1 })' : "keycloak({ realmm: 'x' })";
  const name = isConnect ? 'Keycloak' : 'keycloak';
  const dist = `${packages}${isConnect ? 'connect' : 'guard'}/dist/`;
  const folder = isConnect ? '' : `adapters/${adapter}/`;
  const programs = {
    module: `import { ${name} } from '${dist}${folder}index.js'; ${call};`,
    commonjs: `const { ${name} } = require('${dist}cjs/${folder}index.js'); ${call};`,
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
