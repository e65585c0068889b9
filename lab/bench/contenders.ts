import { randomBytes } from 'node:crypto';
import { join, relative, resolve } from 'node:path';
import { here } from './processes.ts';

export interface Contender {
  readonly id: string;
  readonly label: string;
  readonly file: string;
  /** Answers without looking at the token. */
  readonly isOpen?: true;
  /** Keeps no key and no token: every request asks Keycloak. */
  readonly asksAlways?: true;
  /** Keeps tokens that it verified. */
  readonly remembers?: true;
  readonly env?: Readonly<Record<string, string>>;
}

export const CONTENDERS: readonly Contender[] = [
  { id: 'bare', label: 'bare Fastify, no auth', file: here('servers/bare-fastify.mjs'), isOpen: true },
  { id: 'plugin', label: 'keycloak-guard, plugin', file: here('servers/plugin.mjs'), remembers: true },
  {
    id: 'service',
    label: 'keycloak-guard, service',
    file: here('../../packages/server/dist/main.js'),
    remembers: true,
    env: { LOG_LEVEL: 'warn', HOST: '127.0.0.1', SESSION_SECRET: randomBytes(32).toString('hex') },
  },
  { id: 'jose', label: 'Fastify + jose', file: here('servers/fastify-jose.mjs') },
  { id: 'fastify-jwt', label: '@fastify/jwt + get-jwks', file: here('servers/fastify-jwt.mjs') },
  {
    id: 'express-oauth2',
    label: 'express-oauth2-jwt-bearer',
    file: here('servers/express-oauth2-jwt-bearer.mjs'),
  },
  { id: 'keycloak-connect', label: 'keycloak-connect', file: here('servers/keycloak-connect.mjs') },
  {
    id: 'userinfo',
    label: 'Fastify + userinfo each time',
    file: here('servers/userinfo.mjs'),
    asksAlways: true,
  },
];

/** The same server of another checkout, which is built and whose own contenders are installed. */
export function ofCheckout(contender: Contender, checkout: string): Contender {
  return {
    ...contender,
    id: `other-${contender.id}`,
    label: `${contender.label} of ${checkout}`,
    file: join(resolve(checkout), relative(here('../..'), contender.file)),
  };
}
