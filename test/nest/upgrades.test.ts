// Java's HttpClient offers HTTP/2 with its first request (RFC 7540 §3.2), and anybody can. A server that has no gateway answers
// as if nothing had been offered.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { test } from 'node:test';
import { Controller, Get } from '@nestjs/common';
import { Public } from '../../packages/guard/src/adapters/nest/index.ts';
import { startConnectApp } from '../connect/nest/start-connect-app.ts';
import { decorate } from '../support/without-syntax.ts';
import { PATIENCE_MS } from './gateways.ts';
import { PLATFORMS, startApp } from './start-app.ts';

class OpenController {
  read() {
    return {};
  }
}
decorate(OpenController, 'read', Get(), Public());
decorate(OpenController, Controller());

for (const platform of PLATFORMS) {
  for (const [name, start] of [
    ['KeycloakModule', startApp],
    ['KeycloakConnectModule', startConnectApp],
  ] as const) {
    test(`a request that offers an upgrade is answered where there is no gateway: ${name} on ${platform}`, async (t) => {
      const { url } = await start(t, { controllers: [OpenController] }, { platform });
      const headers = { connection: 'Upgrade, HTTP2-Settings', upgrade: 'h2c', 'http2-settings': 'AAMAAABk' };
      const asked = request(url, { headers, signal: AbortSignal.timeout(PATIENCE_MS) }).end();
      const [response] = (await once(asked, 'response')) as [IncomingMessage];
      response.resume();
      assert.equal(response.statusCode, 200);
    });
  }
}
