// This program as a client of Keycloak: log in, stay logged in, log out.
import { ClientError, createClient } from 'keycloak-guard/client';

const client = createClient({
  serverUrl: process.env.KEYCLOAK_SERVER_URL ?? 'http://localhost:8080',
  realm: 'testing',
  clientId: 'fastapi-keycloak',
  clientSecret: process.env.KEYCLOAK_CLIENT_SECRET ?? '',
});

try {
  const tokens = await client.passwordGrant({ username: 'abdullah', password: 'Test#123456' });
  const renewed = await client.refresh(tokens.refreshToken ?? '');
  console.log(`good for ${renewed.expiresInSeconds} seconds`);
  await client.logout(renewed.refreshToken ?? '');
} catch (error) {
  if (!(error instanceof ClientError)) throw error;
  console.error(`${error.message}\n${error.diagnosis.fix}`);
  process.exitCode = 1;
}
