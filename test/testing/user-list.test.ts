import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { DevIdpOptions } from '../../packages/testing/src/index.ts';
import { createBrowser, redirectOf } from '../contract/provider/browser.ts';
import { type Answer, createCaller, PASSWORD, pageText } from '../contract/provider/caller.ts';
import { TESTING_REALM } from '../contract/provider/embedded-target.ts';
import { startTestIdp } from '../support/dev-idp.ts';

type Browser = ReturnType<typeof createBrowser>;

async function withBrowser(options: DevIdpOptions, body: (browser: Browser) => Promise<void>): Promise<void> {
  const idp = await startTestIdp(options);
  try {
    await body(createBrowser(createCaller({ issuer: idp.issuer } as never)));
  } finally {
    await idp.close();
  }
}

const listed = ({ text }: Answer): string[] =>
  [...text.matchAll(/name="as" value="([^"]*)"/g)].map(([, name = '']) => name);

const hasCode = (answer: Answer): boolean => redirectOf(answer).searchParams.has('code');

/** Sara has a hash, as in an export of a real realm. */
function withHash() {
  const realm = structuredClone(TESTING_REALM);
  const sara = realm.users?.find(({ username }) => username === 'sara');
  Object.assign(sara ?? {}, {
    credentials: [
      {
        type: 'password',
        secretData: JSON.stringify({ value: 'AAAAAAAAAAAAAAAAAAAAAA==', salt: 'AAAA' }),
        credentialData: JSON.stringify({ algorithm: 'pbkdf2-sha256', hashIterations: 1 }),
      },
    ],
  });
  return realm;
}

describe('the users on the sign-in page', () => {
  it('are those that are enabled and whose password stands in the file', async () => {
    await withBrowser({ realm: withHash() }, async (browser) => {
      const page = await browser.open();
      assert.deepEqual(listed(page), ['abdullah', 'newcomer']);
      assert.ok(hasCode(await browser.submit(page, { as: 'abdullah' })));
    });
  });

  it('are nobody else, whatever a form says', async () => {
    await withBrowser({ realm: withHash() }, async (browser) => {
      for (const as of ['sara', 'disabled', 'nobody', '', 'ABDULLAH', 'abdullah@example.com']) {
        const answer = await browser.submit(await browser.open(), { as });
        assert.equal(answer.status, 200, as);
        assert.match(pageText(answer), /Invalid username or password|Account is disabled/, as);
      }
    });
  });

  it('are none where the option says so, and then nobody signs in by a click', async () => {
    await withBrowser({ listUsers: false }, async (browser) => {
      const page = await browser.open();
      assert.deepEqual(listed(page), []);
      const answer = await browser.submit(page, { as: 'abdullah' });
      assert.match(pageText(answer), /Invalid username or password/);
    });
  });

  it('are the one who is asked again', async () => {
    await withBrowser({}, async (browser) => {
      await browser.submit(await browser.open(), { username: 'abdullah', password: PASSWORD });
      const page = await browser.open({ prompt: 'login' });
      assert.deepEqual(listed(page), ['abdullah']);
      const other = await browser.submit(page, { as: 'sara' });
      assert.match(pageText(other), /Invalid username or password/);
    });
  });
});
