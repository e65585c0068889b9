import { table } from '../rule.ts';

/** What was pasted is no error, but an address or a token. Looked at last. */
export const ADDRESS_RULES = table`
token https://www.rfc-editor.org/rfc/rfc7519
This is a token, not an error.
echo "$TOKEN" | keycloak-guard doctor --token -
= ^\W*(bearer )?eyJ[\w-]+\.[\w-]*\.

sign-in-request https://openid.net/specs/openid-connect-core-1_0.html#AuthRequest
This is the request of a sign-in, as the browser is sent to Keycloak. It says nothing of what became of it.
Look at what Keycloak answers to it, and paste that. What it goes by: client_id (in this realm), redirect_uri (among Valid redirect URIs), response_type=code, scope with openid, code_challenge with S256.
= ^\S*/protocol/openid-connect/auth\?

login-page https://www.keycloak.org/docs/latest/server_admin/#_authentication-sessions
This is the address of a login form. It is good for one browser and one sign-in: opened again, from a bookmark or by another person it ends in 'Page has expired' or 'Cookie not found'.
Begin at the application.
= /login-actions/(authenticate|required-action|registration|reset-credentials|restart)

sign-in-answer https://openid.net/specs/openid-connect-core-1_0.html#AuthResponse
This is the answer of a sign-in, with a code for the application. The sign-in itself went well.
If the application does not go on from here: its callback must be at this path, run once and within a minute; its log has the reason. The code is worth nothing any more.
= ^\S*[?&#]state=[^\s]*[?&]code=|^\S*[?&#]code=[^\s]*[?&]state=
`;
