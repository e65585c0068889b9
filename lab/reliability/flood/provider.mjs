// The embedded provider as a process of its own, with logins as slow as Keycloak's: 16 at a time are 16 a second.
import { fileURLToPath } from 'node:url';
import { startDevIdp } from '../../../packages/testing/dist/index.js';

const realmFile = fileURLToPath(new URL('../../../packages/testing/testing-realm.json', import.meta.url));
const idp = await startDevIdp({ realmFile, port: Number(process.env.PORT) });
idp.updateRealm({ bruteForceProtected: false });
idp.answerSlowly(Number(process.env.LOGIN_MS), 'token');
process.on('SIGTERM', () => process.exit(0));
