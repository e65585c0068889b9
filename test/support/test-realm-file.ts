import { readFileSync } from 'node:fs';
import type { RealmRepresentation } from '../../packages/testing/src/index.ts';
import { REALM_FILE } from './dev-idp.ts';

/** The guide's realm, to be changed. */
export const readTestRealm = (): RealmRepresentation => JSON.parse(readFileSync(REALM_FILE, 'utf8'));
