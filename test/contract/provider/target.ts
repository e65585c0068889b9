import type { RealmRepresentation } from '../../../packages/testing/src/index.ts';

export type Change = (realm: RealmRepresentation) => void;

/** A provider under test: the embedded one, or a real Keycloak. */
export interface Target {
  readonly name: 'embedded' | 'keycloak';
  /** Opens the realm of `packages/testing/testing-realm.json`, under a name of its own, with changes. */
  open(change?: Change): Promise<TestRealm>;
}

/** A realm, and what an administrator can do to it. */
export interface TestRealm {
  readonly issuer: string;
  readonly name: string;
  close(): Promise<void>;
  updateUser(username: string, change: Record<string, unknown>): Promise<void>;
  /** The user loses a role of the realm. */
  takeRealmRole(username: string, role: string): Promise<void>;
  /** The user is no member of the organization any more. */
  leaveOrganization(username: string, alias: string): Promise<void>;
  updateClient(clientId: string, change: Record<string, unknown>): Promise<void>;
  updateRealm(change: Record<string, unknown>): Promise<void>;
  /** Lets time pass: the embedded provider's clock is moved, a real Keycloak is waited for. */
  pass(seconds: number): Promise<void>;
  endSession(sessionId: string): Promise<void>;
  logoutUser(username: string): Promise<void>;
}

/** The realm file under another name; the ids go, because they must be unique in one Keycloak. */
export function renameRealm(realm: RealmRepresentation, name: string): RealmRepresentation {
  const copy = JSON.parse(
    JSON.stringify(realm).replaceAll('default-roles-testing', `default-roles-${name}`),
  ) as RealmRepresentation;
  for (const user of copy.users ?? []) delete user.id;
  return { ...copy, realm: name };
}
