import { compile } from './kinds.ts';
import { emptyProject, install, runJest, write } from './project.ts';

const TEST = `const { startDevIdp, startTestCluster } = require('@keycloak-guard/testing');
const realm = require('@keycloak-guard/testing/testing-realm.json');

const get = async (url, token) => {
  const answer = await fetch(url, { headers: { authorization: \`Bearer \${token}\` } });
  return answer.status;
};

test('the provider runs in Jest, and issues a token that it accepts', async () => {
  const idp = await startDevIdp();
  const token = await idp.issueToken({ username: 'abdullah' });
  expect(await get(\`\${idp.issuer}/protocol/openid-connect/userinfo\`, token)).toBe(200);
  expect(await get(\`\${idp.issuer}/protocol/openid-connect/userinfo\`, \`\${token}x\`)).toBe(401);
  await idp.close();
});

test('a realm of its own, a password that is hashed by argon2, and a cluster', async () => {
  const secretData = JSON.stringify({ value: 'AAAAAAAAAAAAAAAAAAAAAA==', salt: 'AAAAAAAAAAAAAAAAAAAAAA==' });
  const credentialData = JSON.stringify({ algorithm: 'argon2', hashIterations: 1, additionalParameters: { memory: ['64'] } });
  const users = [{ ...realm.users[0], credentials: [{ type: 'password', secretData, credentialData }] }];
  const idp = await startDevIdp({ realm: { ...realm, users } });
  const body = new URLSearchParams({
    grant_type: 'password', client_id: 'fastapi-keycloak', client_secret: 'for-development-only',
    username: 'abdullah', password: 'x',
  });
  const answer = await fetch(\`\${idp.issuer}/protocol/openid-connect/token\`, { method: 'POST', body });
  expect((await answer.json()).error_description).toBe('Invalid user credentials');
  const cluster = await startTestCluster();
  expect(await cluster.issueToken({ audience: idp.issuer })).toMatch(/^ey/);
  await cluster.close();
  await idp.close();
});
`;

const TYPED = `import testing = require('@keycloak-guard/testing');
const options: testing.DevIdpOptions = { features: ['cimd'] };
void testing.startDevIdp(options).then((idp: testing.DevIdp) => idp.close());
`;

/** The provider in Jest as it comes: CommonJS, no transform, no flag of Node. */
export function checkJest(archive: string): void {
  const project = emptyProject('jest');
  install(project, archive, 'jest@30', '@types/node');
  write(project, { 'idp.test.js': TEST, 'typed.ts': TYPED });
  runJest(project);
  compile(project, { module: 'Node16' }, ['typed.ts']);
  process.stdout.write('The provider runs in Jest.\n');
}
