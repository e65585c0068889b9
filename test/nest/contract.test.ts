import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { describeAdapter } from '../contract/adapter/index.ts';
import { NEST, VERSION } from './contract-app.ts';

test(`this is Nest ${VERSION}`, () => {
  const { version } = JSON.parse(
    readFileSync(new URL('package.json', import.meta.resolve('@nestjs/core')), 'utf8'),
  ) as { version: string };
  assert.equal(version.split('.')[0], VERSION);
});

for (const adapter of NEST) describeAdapter(adapter);
