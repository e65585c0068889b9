import { join } from 'node:path';
import { compile } from './kinds.ts';
import { emptyProject, install, run, write } from './project.ts';

const TYPED = `
import KeycloakConnect, { Keycloak } from '@keycloak-guard/connect';

const toManager = (keycloak: Keycloak): KeycloakConnect.GrantManager => keycloak.grantManager;
const toName = (token: KeycloakConnect.Token): string | undefined => token.content.preferred_username;
// @ts-expect-error Types are found, and are not any.
const wrong: number = toManager;
console.log(toManager, toName, wrong);
`;

const NEST = `
import { AuthGuard, KEYCLOAK_INSTANCE, KeycloakConnectModule, Roles } from '@keycloak-guard/connect/nest';
import { KeycloakModule, Principal, Require } from 'keycloak-guard/nest';

class TheirGuard extends AuthGuard {}
class OrdersController {
  @Roles('realm:admin')
  all() {}
  // @ts-expect-error Types are found, and are not any.
  @Require({ realmRoles: 'admin' })
  one() {}
}
const options = { authServerUrl: 'http://127.0.0.1:9', realm: 'testing', clientId: 'app' };
export default [KeycloakConnectModule.register(options), KEYCLOAK_INSTANCE, KeycloakModule, Principal, TheirGuard, OrdersController];
`;

const PROGRAM = `
const express = require('express');
const Keycloak = require('@keycloak-guard/connect');
const settings = { realm: 'testing', 'auth-server-url': 'http://127.0.0.1:9', resource: 'app', 'bearer-only': true };
const keycloak = new Keycloak({ onNotice: false }, settings);
const app = express();
app.use(keycloak.middleware());
app.get('/', keycloak.protect(), (request, response) => response.send('in'));
const server = app.listen(0, async () => {
  const { status } = await fetch('http://127.0.0.1:' + server.address().port);
  console.log(status);
  process.exit();
});
`;

/** Applications on the old adapters have an old Express, Nest and TypeScript: npm installs beside them, and it compiles. */
export function checkOldApp(...archives: string[]): void {
  const project = emptyProject('old-app');
  const nest = ['@nestjs/common@10', '@nestjs/core@10', 'reflect-metadata@0.2', 'rxjs@7'];
  install(project, ...archives, 'express@4.10.0', 'typescript@5.0', ...nest);
  write(project, { 'typed.ts': TYPED, 'nest.ts': NEST, 'app.cjs': PROGRAM });
  compile(
    project,
    {
      ...{ target: 'ES2022', module: 'CommonJS', moduleResolution: 'node', esModuleInterop: true },
      experimentalDecorators: true,
    },
    ['typed.ts', 'nest.ts'],
    join(project, 'node_modules/typescript/bin/tsc'),
  );
  const status = run(project, 'node', 'app.cjs').trim();
  if (status !== '401') throw new Error(`Express 4.10 answers ${status}`);
  process.stdout.write('Applications on Express 4.10 or Nest 10 and TypeScript 5.0 move over.\n');
}
