import type { ClientErrorKind, TokenAnswer } from './token-answer.ts';

/** A cause of a failed call, and how its answer looks. */
export interface Rule {
  readonly id: string;
  /** Default `client_misconfigured`: most causes are in the set-up. */
  readonly kind?: ClientErrorKind;
  readonly matches: (answer: TokenAnswer, text: string) => boolean;
  readonly cause: (answer: TokenAnswer) => string;
  readonly fix: (answer: TokenAnswer) => string;
}

export const realm = (a: TokenAnswer): string =>
  a.realm === undefined ? 'the realm' : `the realm '${a.realm}'`;
export const client = (a: TokenAnswer): string =>
  a.clientId === undefined ? 'the client' : `the client '${a.clientId}'`;
export const address = (a: TokenAnswer): string => a.url ?? 'the address of Keycloak';
export const said = (a: TokenAnswer): string =>
  a.error === undefined ? `HTTP ${a.status}` : a.description ? `${a.error}: ${a.description}` : a.error;
export const console_ = (a: TokenAnswer, where: string): string =>
  `In Keycloak's admin console: Clients > ${a.clientId ?? 'the client'} > ${where}.`;

export const failed =
  (...codes: string[]) =>
  (a: TokenAnswer): boolean =>
    a.failure !== undefined && codes.includes(a.failure);
export const says =
  (error: string, description: RegExp) =>
  (a: TokenAnswer): boolean =>
    a.error === error && description.test(a.description ?? '');
export const contains =
  (pattern: RegExp) =>
  (_: TokenAnswer, text: string): boolean =>
    pattern.test(text);
