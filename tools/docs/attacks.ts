// Counts what test/attacks/ and its neighbours try, and writes the table of test/README.md: `npm run docs`. A test fails while
// it is stale.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Pen, Target } from '../../test/attacks/attack.ts';
import { dpopAttacks } from '../../test/attacks/dpop-attacks.ts';
import { loadAttacks } from '../../test/attacks/load-attacks.ts';
import { createDpopClient } from '../../test/support/dpop.ts';
import { targetsFor } from '../../test/support/path-targets.ts';
import { createTestKey } from '../../test/support/signing-keys.ts';
import { createTestRealm, encryption, rsa } from '../../test/support/test-realm.ts';

const PAGE = fileURLToPath(new URL('../../test/README.md', import.meta.url));
const MARKED = /(<!-- attacks: npm run docs -->\n)[\s\S]*?(<!-- \/attacks -->)/;

/** @returns rows of the table: what is tried, how often, and where */
export async function countAttacks(): Promise<(readonly [what: string, count: number, where: string])[]> {
  const ec = createTestKey('ES256');
  const realm = createTestRealm({ keys: [encryption(), rsa(), ec] });
  const { claims, mint, now } = realm;
  const pen: Pen = {
    rsa: rsa(),
    ec,
    ed: createTestKey('EdDSA'),
    encryption: encryption(),
    now,
    claims,
    mint,
  };
  const target: Target = {
    issuer: realm.issuer,
    clientId: realm.clientId,
    token: realm.mint({}, { key: rsa() }),
    otherToken: realm.mint({ preferred_username: 'sara' }, { key: rsa() }),
    jwks: realm.keys.map(({ jwk }) => jwk),
    trapUrl: 'http://127.0.0.1:9/keys',
  };
  const forged = (await loadAttacks()).map(({ file, title, attempts, signed }) => {
    const count = (attempts?.(target) ?? []).length + (signed?.(pen, target) ?? []).length;
    return [title, count, `attacks/cases/${file}`] as const;
  });
  const client = createDpopClient();
  const scene = {
    client,
    token: target.token,
    otherToken: target.otherToken,
    uri: 'http://127.0.0.1/a',
    now: () => now,
  };
  return [
    ...forged,
    [
      'a proof of possession (DPoP) that fails a step of RFC 9449 §4.3 is refused',
      dpopAttacks(scene).length,
      'attacks/dpop-attacks.ts',
    ],
    [
      'no spelling of a path comes past a guard, in every adapter',
      targetsFor('admin', 0).length,
      'adapters/mounted-guards.test.ts',
    ],
  ];
}

/** @returns the page with its table up to date */
export async function withAttacks(page: string): Promise<string> {
  const rows = await countAttacks();
  const total = rows.reduce((sum, [, count]) => sum + count, 0);
  const lines = rows.map(([what, count, where]) => `| [${what}](${where}) | ${count} |`);
  const table = [
    '| what is tried | attempts |',
    '|---|--:|',
    ...lines,
    `| together | ${total.toLocaleString('en-US')} |`,
  ];
  return page.replace(MARKED, (_all, begin: string, end: string) => `${begin}${table.join('\n')}\n${end}`);
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  writeFileSync(PAGE, await withAttacks(readFileSync(PAGE, 'utf8')));
