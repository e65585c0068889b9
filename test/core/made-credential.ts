import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import type { Authentication } from '../../packages/guard/src/core/credential/credential.ts';
import {
  type Credential,
  type CredentialOptions,
  createCredential,
  type Notice,
} from '../../packages/guard/src/core/index.ts';
import { createTestKey, signCompact } from '../support/signing-keys.ts';

export const ISSUER = 'https://sso.example.com/realms/testing';
export const realm = {
  discover: async () => ({ issuer: ISSUER, metadata: { issuer: ISSUER }, isFollowingCaller: false }),
};
export const GOOD = { status: 200, body: '{}' };
export const REFUSED = { status: 401, body: '{"error":"unauthorized_client"}' };

const folder = mkdtempSync(join(tmpdir(), 'credential-'));
after(() => rmSync(folder, { recursive: true }));
let files = 0;
/** A file that is replaced whole, as Kubernetes and most writers do. */
export function fileOf(text: string) {
  const path = join(folder, `file-${++files}`);
  const write = (next: string) => {
    writeFileSync(`${path}.new`, next);
    renameSync(`${path}.new`, path);
  };
  write(text);
  return { path, write, remove: () => rmSync(path) };
}

/** A credential, with a clock that stands still until it is moved. */
export function make(credential: CredentialOptions) {
  const notices: Notice[] = [];
  let now = Date.UTC(2026, 0, 1);
  const made = createCredential({
    clientId: 'my-api',
    credential,
    onNotice: (notice) => notices.push(notice),
    clock: () => now,
  });
  return {
    made,
    codes: () => notices.map(({ code }) => code),
    notices,
    seconds: () => now / 1000,
    advance: (seconds: number) => {
      now += seconds * 1000;
    },
  };
}

/** What calls carry, and how often they were sent. */
export async function send(
  credential: Credential,
  answer: (shown: Authentication) => typeof GOOD = () => GOOD,
) {
  const sent: Authentication[] = [];
  const response = await credential.authenticate(realm, async (shown) => {
    sent.push(shown);
    return answer(shown);
  });
  return { sent, response };
}
export const shownBy = async (credential: Credential) => (await send(credential)).sent[0] as Authentication;
export const decode = (part: string) => JSON.parse(Buffer.from(part, 'base64url').toString()) as object;
export const assertionOf = ({ fields }: Authentication) => String(fields.client_assertion);
export const only = (secret: string) => (shown: Authentication) =>
  shown.fields.client_secret === secret ? GOOD : REFUSED;

/** A token of a service account that is good for so many seconds. */
export function tokenFor(now: number, seconds: number): string {
  const key = createTestKey('ES256');
  return signCompact({ alg: 'ES256' }, { sub: 'a', exp: now + seconds }, key.privateKey, 'ES256');
}
