import { join } from 'node:path';
import { compile } from './kinds.ts';
import { emptyProject, install, run, write } from './project.ts';

const TYPED = `
import KeycloakConnect, { Keycloak } from 'keycloak-guard/connect';

const toManager = (keycloak: Keycloak): KeycloakConnect.GrantManager => keycloak.grantManager;
const toName = (token: KeycloakConnect.Token): string | undefined => token.content.preferred_username;
// @ts-expect-error Types are found, and are not any.
const wrong: number = toManager;
console.log(toManager, toName, wrong);
`;

const PROGRAM = `
const express = require('express');
const Keycloak = require('keycloak-guard/connect');
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

/** Applications on keycloak-connect are old, and so are their Express and their TypeScript: npm installs beside them. */
export function checkOldApp(archive: string): void {
  const project = emptyProject('old-app');
  install(project, archive, 'express@4.10.0', 'typescript@4.9');
  write(project, { 'typed.ts': TYPED, 'app.cjs': PROGRAM });
  compile(
    project,
    { target: 'ES2022', module: 'CommonJS', moduleResolution: 'node', esModuleInterop: true },
    ['typed.ts'],
    join(project, 'node_modules/typescript/bin/tsc'),
  );
  const status = run(project, 'node', 'app.cjs').trim();
  if (status !== '401') throw new Error(`Express 4.10 answers ${status}`);
  process.stdout.write('An application on Express 4.10 and TypeScript 4.9 moves over.\n');
}
