import { randomBytes, randomInt } from 'node:crypto';
import type { Clock } from '../clock.ts';
import type { Client } from '../realm/client.ts';
import type { Realm } from '../realm/realm.ts';

/** A code challenge (RFC 7636 §4.2). */
export interface Challenge {
  readonly value: string;
  readonly method: 'S256' | 'plain';
}

/** A device that waits for somebody to sign in elsewhere (RFC 8628). */
export interface DeviceRequest {
  readonly deviceCode: string;
  /** As shown to the person: `ABCD-EFGH`. */
  readonly userCode: string;
  readonly clientId: string;
  readonly scope: string | undefined;
  readonly nonce: string | undefined;
  readonly challenge: Challenge | undefined;
  /** Seconds since 1970. */
  readonly expiresAt: number;
  readonly intervalSeconds: number;
  /** Milliseconds since 1970. */
  mayAskAt?: number;
  /** The session that the device was admitted to, or `denied`. */
  verdict?: { readonly sessionId: string } | 'denied';
}

type DeviceParameters = Pick<DeviceRequest, 'scope' | 'nonce' | 'challenge'>;

/** How long an expired request is still reported as expired. */
const REMEMBERED_SECONDS = 600;
const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ';

export function createDevices(realm: Realm, clock: Clock) {
  const byCode = new Map<string, DeviceRequest>();

  const close = ({ deviceCode }: DeviceRequest) => void byCode.delete(deviceCode);
  const sweep = () => {
    const now = clock.seconds();
    for (const device of byCode.values()) if (device.expiresAt + REMEMBERED_SECONDS < now) close(device);
  };

  return {
    open({ clientId, attributes }: Client, parameters: DeviceParameters): DeviceRequest {
      sweep();
      const { oauth2DeviceCodeLifespan: lifespan, oauth2DevicePollingInterval: interval } = realm.settings;
      const device: DeviceRequest = {
        ...parameters,
        clientId,
        deviceCode: randomBytes(32).toString('base64url'),
        userCode: createUserCode(),
        expiresAt: clock.seconds() + Number(attributes['oauth2.device.code.lifespan'] || (lifespan ?? 600)),
        intervalSeconds: Number(attributes['oauth2.device.polling.interval'] || (interval ?? 5)),
      };
      byCode.set(device.deviceCode, device);
      return device;
    },
    find: (deviceCode: string) => byCode.get(deviceCode),
    /** Ignores case and the hyphen. Finds no request that has a verdict. */
    findByUserCode(userCode: string) {
      const letters = toLetters(userCode);
      return [...byCode.values()].find(
        (device) => device.verdict === undefined && toLetters(device.userCode) === letters,
      );
    },
    /** False if the device asks again before the interval is over. */
    mayAskNow(device: DeviceRequest): boolean {
      const now = clock.now();
      if (device.mayAskAt !== undefined && now < device.mayAskAt) return false;
      device.mayAskAt = now + device.intervalSeconds * 1000;
      return true;
    },
    close,
  };
}

const toLetters = (userCode: string): string => userCode.replace(/[^a-z]/gi, '').toUpperCase();

function createUserCode(): string {
  const letters = Array.from({ length: 8 }, () => LETTERS[randomInt(LETTERS.length)]);
  return `${letters.slice(0, 4).join('')}-${letters.slice(4).join('')}`;
}
