import { inspect } from 'node:util';

/** Defines `owner.secret` so that neither JSON nor any way of printing `owner` shows it. */
export function hideSecret(owner: object, secret: string | undefined): void {
  Object.defineProperties(owner, {
    secret: { value: secret, writable: true, configurable: true },
    [inspect.custom]: { value: () => ({ ...owner }) },
  });
}
