import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';

const CHROMIUM = process.env.CHROMIUM_PATH ?? '/usr/bin/chromium';

/** A browser that phones nobody. */
export function launchChromium(...more: string[]): Promise<Browser> {
  assert.ok(existsSync(CHROMIUM), `there is no ${CHROMIUM}: install Chromium, or set CHROMIUM_PATH`);
  return chromium.launch({
    executablePath: CHROMIUM,
    timeout: 120_000,
    args: [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      ...more,
    ],
  });
}

/** Flags with which it reaches no host but these. */
export const reachOnly = (...hosts: string[]): string =>
  `--host-resolver-rules=MAP * ~NOTFOUND , ${hosts.map((host) => `EXCLUDE ${host}`).join(', ')}`;

/** Flags with which it finds the server of one address at another. */
export const resolveTo = (address: string, server: string): string =>
  `--host-resolver-rules=MAP ${new URL(address).host} ${new URL(server).host}`;
