import { table } from '../settings/options.ts';

export const SIGN_IN = table(`
--device | | sign in on another device, where Keycloak allows it to the client
--user <name> | | sign in with a password, asked for, or the first line of the standard input
--scope <name> | | scope that the token asks for as well, several with spaces: those that a client has as optional ones
--env <file> | | read settings from this file instead of .env
--realm-file <file> | | at the provider that "keycloak-guard dev --realm-file <file>" runs: the token of the first user, or of --user, whose password is in the file, with the client of KEYCLOAK_CLIENT_ID if it takes passwords, else the first that does
`);

/** To say why a client gets a token by exchange, or not. */
export const EXCHANGE = table(`
--for <service> | | client id of a service that is called in the name of users: says on what it depends that your client gets a token for it by exchange, and how to fix it. Asks Keycloak as an admin, as "keycloak-guard authz why" does; no user signs in
--user <name> | | user whose token is exchanged
--client-id <id> | KEYCLOAK_CLIENT_ID | client that exchanges (%s)
`);
