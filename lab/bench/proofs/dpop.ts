import { createHash, generateKeyPairSync, type KeyObject, randomUUID, sign, verify } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compare } from '../comparison.ts';
import type { Figure } from '../figures.ts';
import type { Load } from '../load/generator.ts';
import type { PartOptions } from '../part-options.ts';
import { here, startServer } from '../processes.ts';
import { startRealm } from '../realm/realm.ts';
import { CLIENT_ID, mint, now, REALM } from '../realm/tokens.ts';
import { measureSpeed, medianSpeed, type Speed } from '../speed.ts';

const command = 'npm run bench -- dpop';
/** More than are used in the seconds of a round: each is good once. */
const PROOFS = 20_000;
const SECONDS = 2;

/** A token that is bound to a key, with a proof for each request, ÷ a bearer token, at one server. */
export async function dpop({ quick, log }: PartOptions): Promise<Figure[]> {
  const folder = await mkdtemp(join(tmpdir(), 'keycloak-guard-bench-'));
  const realm = await startRealm();
  const server = await startServer(here('servers/plugin.mjs'), {
    ...{ SERVER_URL: realm.serverUrl, REALM, CLIENT_ID },
    DPOP: JSON.stringify({ mode: 'accepted', maxProofsPerKey: 10_000_000 }),
  });
  const url = `http://127.0.0.1:${server.port}/protected`;
  const tokens = join(folder, 'tokens');
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const { crv, kty, x, y } = publicKey.export({ format: 'jwk' });
  const jkt = sha256(JSON.stringify({ crv, kty, x, y }));

  const measure = (load: Partial<Load>): Promise<Speed> =>
    measureSpeed(
      server,
      {
        ...{ url, tokens, first: 1, seconds: SECONDS, connections: 50, count: PROOFS, whenUsedUp: 'wrap' },
        ...load,
      },
      // What was sent when the run ended may be sent again.
      50,
    );

  try {
    const speeds: Record<'bearer' | 'bound', Speed[]> = { bearer: [], bound: [] };
    const rounds = quick ? 2 : 7;
    for (let round = 0; round <= rounds; round++) {
      log(`bound ÷ bearer: ${round === 0 ? 'warm-up' : `round ${round} of ${rounds}`}`);
      const [bearer] = await mint(realm.key, realm.issuer, 1);
      await writeFile(tokens, `${bearer}\n`);
      const asBearer = await measure({ count: 1 });
      const [bound = ''] = await mint(realm.key, realm.issuer, 1, now(), { typ: 'DPoP', cnf: { jkt } });
      await writeFile(tokens, toProofs(privateKey, { crv, kty, x, y }, bound, url));
      const asBound = await measure({
        header: { name: 'dpop', prefix: '' },
        also: { name: 'authorization', value: `DPoP ${bound}` },
        whenUsedUp: 'stop',
      });
      if (round === 0) continue;
      speeds.bearer.push(asBearer);
      speeds.bound.push(asBound);
    }
    const [bearer, bound] = [medianSpeed(speeds.bearer), medianSpeed(speeds.bound)];
    const { text, isDisturbed } = compare(bound, bearer);
    const checkMicroseconds = timeOfCheck(privateKey, publicKey);
    const spent = bound.cpuMicroseconds - bearer.cpuMicroseconds;
    return [
      {
        figure: 'a token bound to a key (DPoP, ES256), a proof for each request ÷ a bearer token, one token',
        measured:
          `${text} (${bound.perSecond.toFixed(0)} and ${bearer.perSecond.toFixed(0)}/s); a proof costs ${spent.toFixed(0)} µs, ` +
          `of which the check of its signature is ${checkMicroseconds.toFixed(0)} µs`,
        isDisturbed,
        command,
      },
    ];
  } finally {
    await server.stop();
    await realm.close();
    await rm(folder, { recursive: true });
  }
}

function toProofs(key: KeyObject, jwk: object, token: string, url: string): string {
  const header = encode({ typ: 'dpop+jwt', alg: 'ES256', jwk });
  const ath = sha256(token);
  const iat = now();
  let text = '';
  for (let i = 0; i < PROOFS; i++) {
    const content = `${header}.${encode({ jti: randomUUID(), htm: 'GET', htu: url, iat, ath })}`;
    text += `${content}.${signatureOf(content, key).toString('base64url')}\n`;
  }
  return text;
}

const signatureOf = (content: string, key: KeyObject) =>
  sign('sha256', Buffer.from(content), { key, dsaEncoding: 'ieee-p1363' });

/** Processor time of one check, by Node's own crypto. Unit: microseconds. */
function timeOfCheck(privateKey: KeyObject, publicKey: KeyObject): number {
  const content = Buffer.from('x'.repeat(400));
  const signature = signatureOf(content.toString(), privateKey);
  const times = Array.from({ length: 9 }, () => {
    const began = process.cpuUsage();
    for (let i = 0; i < 500; i++) {
      verify('sha256', content, { key: publicKey, dsaEncoding: 'ieee-p1363' }, signature);
    }
    const { user, system } = process.cpuUsage(began);
    return (user + system) / 500;
  });
  return times.sort((a, b) => a - b)[4] as number;
}

const sha256 = (text: string) => createHash('sha256').update(text).digest('base64url');
const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
