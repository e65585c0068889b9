import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { ABDULLAH, type Answer, CALLBACK, type Caller, type Fields, GUIDE } from './caller.ts';

export const AUTH: Fields = {
  client_id: GUIDE.client_id,
  response_type: 'code',
  redirect_uri: CALLBACK,
  scope: 'openid',
  state: 'state-1',
  nonce: 'nonce-1',
};

/** A browser without a screen: cookies, the login form, redirects that are looked at. */
export function createBrowser(caller: Caller) {
  const jar = new Map<string, string>();
  const headers = (): Fields => ({
    accept: 'text/html,application/xhtml+xml,*/*;q=0.8',
    ...(jar.size === 0 ? {} : { cookie: [...jar].map(([name, value]) => `${name}=${value}`).join('; ') }),
  });
  const keep = (answer: Answer) => {
    for (const line of answer.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (value === '' || /max-age=0/i.test(line)) jar.delete(name);
      else jar.set(name, value);
    }
    return answer;
  };
  const browser = {
    jar,
    open: async (fields: Fields = {}) => keep(await caller.authorize({ ...AUTH, ...fields }, headers())),
    visit: async (url: string) => keep(await caller.call(url, { headers: headers() })),
    submit: async (page: Answer, fields: Fields) =>
      keep(await caller.post(new URL(actionOf(page), caller.issuer).href, fields, headers())),
    /** Signs in and returns the answer that sends the browser back. */
    async signIn(fields: Fields = {}, who: Fields = ABDULLAH) {
      return browser.submit(await browser.open(fields), who);
    },
    /** A code for the session the browser has. */
    async code(fields: Fields = {}) {
      return codeOf(await browser.open(fields));
    },
  };
  return browser;
}

export function actionOf(page: Answer): string {
  const action = /<form[^>]*\baction="([^"]+)"/i.exec(page.text)?.[1]?.replaceAll('&amp;', '&');
  assert.ok(action, `no form on the page: ${page.status}`);
  return action;
}

export function redirectOf(answer: Answer): URL {
  assert.equal(answer.status, 302, answer.text.slice(0, 200));
  return new URL(answer.headers.get('location') ?? '');
}

export function codeOf(answer: Answer): string {
  const code = redirectOf(answer).searchParams.get('code');
  assert.ok(code);
  return code;
}

export function createChallenge() {
  const verifier = randomBytes(32).toString('base64url');
  const challenge = createHash('sha256').update(verifier).digest('base64url');
  return { verifier, fields: { code_challenge: challenge, code_challenge_method: 'S256' } };
}
