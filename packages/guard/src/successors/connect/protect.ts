import type { Request, Response } from 'express';
import { OptionsError } from '../../core/index.ts';
import { isThenable } from '../../core/internal.ts';
import { deny, settle } from './hooks.ts';
import type { Exchange, KeycloakHost } from './host.ts';
import { outageOf, toAuthError } from './refusal.ts';
import { type ConnectHandler, type ConnectRequest, type ConnectResponse, kauthOf } from './request.ts';
import { forceLogin } from './sign-in.ts';
import { takeMark } from './sso-check.ts';
import { readBearer } from './stores.ts';
import type { Token } from './token.ts';

/**
 * Decides on a request by the access token. A truthy result passes. It must not return a promise.
 *
 * @throws anything it throws goes to Express
 */
export type GuardFn = {
  // Declared as a method, so that a function of a request type of the application fits.
  check(token: Token, request: Request, response: Response): boolean;
}['check'];

/** The name that {@link GuardFn} had in old versions of keycloak-connect. @deprecated Use that. */
export type GaurdFn = GuardFn;

/** @throws {OptionsError} for a `spec` that would admit or refuse every caller */
export function createProtect(keycloak: KeycloakHost, spec: string | GuardFn | undefined): ConnectHandler {
  const check = toCheck(spec);
  return function protect(request, response, next) {
    const { grant } = kauthOf(request);
    if (grant === undefined) askToLogIn({ keycloak, request, response, next });
    else if (isMet(check, grant.access_token as Token, request, response)) next();
    else deny({ keycloak, request, response, next });
  };
}

/** Always passes, but first signs in a browser that has a session at Keycloak. */
export function createCheckSso(keycloak: KeycloakHost): ConnectHandler {
  return function checkSso(request, response, next) {
    const { grant, error } = kauthOf(request);
    if (grant !== undefined || isFromElsewhere(error) || takeMark(request, response)) next();
    else askToLogIn({ keycloak, request, response, next }, '&response_mode=query&prompt=none');
  };
}

function askToLogIn(exchange: Exchange, query?: string): void {
  const { keycloak, request } = exchange;
  const { error } = kauthOf(request);
  // During an outage, the login page does not answer: a signed-in caller must not be sent there. A caller that sends a token is
  // a program: it cannot log in, and would take the login page for an answer.
  const mayLogIn =
    outageOf(error) === undefined && !isFromElsewhere(error) && readBearer(request) === undefined;
  const isRedirected: unknown = mayLogIn && keycloak.redirectToLogin(request);
  settle(isRedirected);
  if (isRedirected) forceLogin(exchange, query);
  // Never `next(error)`: callers that ignore its argument would take it for a yes.
  else deny(exchange);
}

/** Whether the caller is signed in, but a page of another origin sent the request. */
function isFromElsewhere(error: unknown): boolean {
  return toAuthError(error)?.code === 'cross_origin_request';
}

function isMet(check: GuardFn, token: Token, request: ConnectRequest, response: ConnectResponse): boolean {
  const found: unknown = check(token, request as Request, response as Response);
  if (!isThenable(found)) return Boolean(found);
  Promise.resolve(found).catch(() => {});
  throw new TypeError('protect: the function returned a promise, which has not checked anything yet');
}

function toCheck(spec: unknown): GuardFn {
  if (spec === undefined) return () => true;
  if (typeof spec === 'string' && isRole(spec)) return (token) => token.hasRole(spec);
  if (typeof spec === 'function' && !/^Async/.test(spec.constructor.name)) return spec as GuardFn;
  throw new OptionsError('protect', [
    {
      option: 'spec',
      rule:
        typeof spec === 'function'
          ? 'must not be an async function: its promise would admit every caller. Await the data that it needs in an earlier handler, and decide in a function that is not async'
          : 'must be one role as a string, or a function; for one of several roles, a function. `npx keycloak-guard migrate` lists all such calls',
      example: "(token) => token.hasRole('realm:admin') || token.hasRole('editor')",
    },
  ]);
}

function isRole(spec: string): boolean {
  return spec.trim() === spec && spec !== '' && !spec.startsWith(':') && !spec.endsWith(':');
}
