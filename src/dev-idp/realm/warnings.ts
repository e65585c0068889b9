import { isKnownMapper } from '../tokens/mappers.ts';
import { hasUnreadablePassword } from './password.ts';
import type { Realm } from './realm.ts';
import type { RealmRepresentation } from './representation.ts';

/** What a realm file asks for and this provider cannot do. */
export function warningsOf(rep: RealmRepresentation, realm: Realm): string[] {
  const hashed = (rep.users ?? []).filter(hasUnreadablePassword).map(({ username }) => username);
  const holders = [
    ...[...realm.clients()].map(({ clientId, mappers }) => ({ name: `client ${clientId}`, mappers })),
    ...[...realm.scopes.values()].map(({ name, protocol, protocolMappers }) => ({
      name: `client scope ${name}`,
      mappers: protocol === 'saml' ? [] : (protocolMappers ?? []),
    })),
  ];
  return [
    ...hashed.map(
      (username) =>
        `user ${username}: the password is hashed in a way this provider cannot check (argon2); ` +
        'give the user a password with "value" in the realm file',
    ),
    ...holders.flatMap(({ name, mappers }) =>
      mappers
        .filter(({ protocolMapper }) => !isKnownMapper(protocolMapper))
        .map(
          (mapper) =>
            `${name}: the mapper "${mapper.name}" (${mapper.protocolMapper}) is not known, and left out`,
        ),
    ),
  ];
}
