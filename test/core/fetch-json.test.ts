import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { failureKindOf, fetchJson } from '../../packages/guard/src/core/realm/fetch-json.ts';
import { assertRefused } from '../support/refusal.ts';

const URL = 'https://x.example';

/** Asks for a document, which comes so. */
const ask = (answer: () => Response | Promise<Response>, timeoutMs = 1_000) =>
  fetchJson(URL, { fetch: async () => answer(), timeoutMs, what: 'a document' });

describe('a call to Keycloak', () => {
  it('is not tried again for longer than its bound, and then it is late', async () => {
    let asked = 0;
    const reset = (): Promise<Response> => {
      asked++;
      return Promise.reject(new TypeError('fetch failed', { cause: { code: 'ECONNRESET' } }));
    };
    const error = await assertRefused(() => ask(reset, 10), 'provider_unavailable');
    assert.match(error.reason, /timed out/);
    assert.equal(failureKindOf(error), 'late');
    assert.equal(asked, 1);
  });

  it('says so where the bound is no time at all', async () => {
    const error = await assertRefused(() => ask(() => Response.json({}), 1500.5), 'provider_unavailable');
    assert.match(error.reason, /gave no answer: The value of "\w+" is out of range/);
  });
});

describe('an answer of Keycloak', () => {
  const LARGEST = 1024 * 1024;
  const assertTooLarge = async (answer: () => Response) => {
    const { reason } = await assertRefused(() => ask(answer), 'provider_unavailable');
    assert.match(reason, /the answer is larger than 1048576 bytes$/);
  };

  it('is read up to a megabyte, in pieces, a letter cut in two among them', async () => {
    const whole = Buffer.alloc(LARGEST, ' ');
    whole.write('{"name":"ä"}');
    const cut = whole.indexOf(0xc3) + 1;
    const answer = (size: number) => () =>
      new Response(
        new ReadableStream({
          start(controller) {
            controller.enqueue(new Uint8Array(whole.subarray(0, cut)));
            controller.enqueue(new Uint8Array(whole.subarray(cut)));
            if (size > 0) controller.enqueue(new Uint8Array(size).fill(32));
            controller.close();
          },
        }),
      );
    assert.deepEqual({ ...(await ask(answer(0))) }, { name: 'ä' });
    await assertTooLarge(answer(1));
  });

  it('is not read where it says that it has more than a megabyte', async () => {
    const answer = (length: number) => () =>
      new Response('{}'.padEnd(length), { headers: { 'content-length': `${length}` } });
    assert.deepEqual({ ...(await ask(answer(LARGEST))) }, {});
    await assertTooLarge(answer(LARGEST + 1));
  });

  it('is measured as it is unpacked, whatever it said of its size', async () => {
    const headers = { 'content-encoding': 'gzip', 'content-length': '99' };
    const answer = (size: number) => () => new Response('{}'.padEnd(size), { headers });
    assert.deepEqual({ ...(await ask(answer(LARGEST))) }, {});
    await assertTooLarge(answer(LARGEST + 1));
  });
});
