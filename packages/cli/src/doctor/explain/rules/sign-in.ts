import { table } from '../rule.ts';

/** What goes wrong between a sign-in library, the browser and Keycloak. */
export const SIGN_IN_RULES = table`
mcp-resource https://modelcontextprotocol.io/specification/2025-06-18/basic/authorization
An MCP client compares 'resource' in the metadata of the server (/.well-known/oauth-protected-resource) with the address that it was given, and they differ: another host name, port or path, or http in place of https behind a proxy.
Give the client the address in 'resource', or tell the server its public URL.
= protected resource .{0,200}(does not|doesn't) match

state-lost https://www.rfc-editor.org/rfc/rfc6749#section-10.12
The answer of a sign-in came back, and what was remembered at its start (state, code verifier, nonce) is gone: another host or port than where it began (localhost and 127.0.0.1 differ), the session cookie not sent (SameSite, Secure on http), several replicas without a shared store, the login page opened as a bookmark or twice, the back button.
Begin and end at one and the same origin, and tell the application its public URL and to trust its proxy; let the cookie be SameSite=Lax, and Secure only on https; share the session store between replicas. A restart of the sign-in mends one person's case.
= unable to (restore|verify|find|load) (the )?state|unable to verify authorization request state|checks\.state|state mismatch|InvalidCheck|pkce ?code_?verifier .{0,60}(missing|could not|cannot)|checks\.code_verifier|No matching state found|No state in response|authorization_request_not_found|csrf token mismatch|unable to obtain csrf cookie|csrf_detected|mismatching_state|CSRF Warning
= Correlation failed|Unable to unprotect the message\.State|IDX21329|missing saved state|did not find expected authorization request details|no session state found|state from argument does not match|invalid authorization response state|state not found in session|Unable to determine state|invalid_state
= state cookie .{0,40}(missing|not found|invalid)|checks\.(nonce|state) argument|cookie .{0,30}was missing|state parameter .{0,60}(mismatch|missing|invalid|does not match)|state .{0,20}not (found|match)|MismatchingState|unexpected "state"
= "?state"? (value )?(doesn't|does not|did not) match|Invalid state|wrong state|Unable to unprotect|response parameter "state"|OIDC state|Login state .{0,30}(invalid|expired|not found)|state (is )?missing|Error while loading CSRF cookie|code_verifier .{0,30}(not found|missing|undefined)
= unknown app state|possible csrf|state .{0,40}(could not|cannot|can't|was not|were not) .{0,10}found|csrf (token|check|cookie|state) .{0,20}(fail|mismatch|missing|invalid|not found)|(invalid|unknown|wrong|missing|mismatching) (oauth2? |login |auth |csrf )?state\b
= csrf.{0,60}(not match|mismatch|missing|invalid|fail|not found|expired)|\.Correlation\b|message\.state|OAuthState|correlation (cookie|id) .{0,20}(missing|not found)

nonce https://www.keycloak.org/docs/latest/upgrading/#nonce-claim-is-only-added-to-the-id-token
The nonce of the ID token is not the one of the sign-in: an old answer was used, or (since Keycloak 25, which writes the nonce into ID tokens of the sign-in alone) an old keycloak-js looks for it in other tokens.
Update keycloak-js (to 25 or later) or the OIDC library. As long as that cannot be: a 'Nonce backwards compatible' mapper at the client.
= invalid nonce|nonce mismatch|wrong nonce|incorrect nonce|IDX213(23|20|21)|invalid_nonce|nonce .{0,40}(does not|did not|doesn't) match|unexpected "nonce"|unexpected ID Token "nonce"|nonce.{0,24}(failed|invalid|mismatch|wrong|incorrect|missing|not match|differ)|(invalid|incorrect|wrong)_nonce

code-used https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2
Keycloak did not take the code of the sign-in: it was used before (the callback ran twice: React StrictMode, a reload, a retrying proxy), it is older than a minute, or another Keycloak node that does not share its cache issued it.
Run the callback once. With several Keycloaks: one cluster, one database. Once in a while is normal: sign in again.
= code not valid|Code is expired|invalid_code|CODE_TO_TOKEN_ERROR.{0,300}(invalid_code|expired_code)|code .{0,20}already (been )?used

redirect-uri-of-code https://www.rfc-editor.org/rfc/rfc6749#section-4.1.3
The redirect URI of the code exchange is not letter by letter the one of the sign-in.
Let the application use one redirect URI for both. Behind a proxy it often is http in one place and https in the other: set its public URL, and trust the proxy.
= incorrect redirect_uri

pkce https://www.rfc-editor.org/rfc/rfc7636
Sign-in and code exchange do not agree about PKCE: the client demands it and the library sends none, or the verifier is not the one of the challenge.
Switch PKCE with S256 on in the library (pkceMethod: S256, checks: [pkce], usePkce, code_challenge_method). Clients > the client > Advanced > Proof Key for Code Exchange: S256, or empty for a library that has none.
= missing parameter: code_challenge|code_challenge_method|pkce (verification|code verifier)|code_verifier_missing|pkce_verification_failed|invalid code verifier|Invalid parameter: code_challenge|code_challenge_mismatch

login-required https://openid.net/specs/openid-connect-core-1_0.html#AuthError
A silent sign-in (prompt=none) was answered: nobody is signed in at Keycloak, or the browser kept Keycloak's cookie out of the frame (third-party cookies).
Nothing is broken: show the login button, or sign in with a redirect. In keycloak-js: silentCheckSsoFallback or onLoad login-required. Application and Keycloak below one domain are not third parties.
= login_required|interaction_required

frame-blocked https://www.keycloak.org/securing-apps/javascript-adapter#_modern_browsers
The page of Keycloak may not be shown in a frame of the application: silent sign-in and the session check use one.
Realm settings > Security defenses > Content-Security-Policy: frame-ancestors 'self' https://app.example; for the frame of the answer serve silent-check-sso.html without X-Frame-Options: DENY. Or do without: checkLoginIframe: false.
= refused to frame|refused to display .{0,200} in a frame|frame-ancestors|Framing .{0,80}violates

frame-timeout https://www.keycloak.org/securing-apps/javascript-adapter#_modern_browsers
The hidden frame did not answer: third-party cookies are blocked, the page of the frame is missing, is not the redirect URI, or may not be framed (Content-Security-Policy).
Look at the frame in the browser's network view. Silent page (silent-check-sso.html, silent renew) at the origin of the application and among the redirect URIs; frame-ancestors in Realm settings > Security defenses. Where the browser blocks third-party cookies: checkLoginIframe: false, refresh tokens, one domain for both.
= timeout when waiting for 3rd party check|frame window timed out|iframe timed out|silent (renew|refresh) .{0,40}time(d )?out|silent_renew_error|silentRenewError

insecure-context https://developer.mozilla.org/docs/Web/Security/Secure_Contexts
The page is not on https (nor on localhost), so the browser gives it no Web Crypto, which PKCE needs.
Serve the application by https, or open it as http://localhost. An IP address or a host name of the network is not enough.
= web crypto api is not available|crypto\.subtle|only in secure contexts|digest'?\)? .{0,30}undefined|crypto\.randomUUID is not a function

init-twice https://www.keycloak.org/securing-apps/javascript-adapter
keycloak-js is initialised twice: React StrictMode runs effects twice in development, or two components do it.
Call init once, outside of components, and share the instance.
= 'Keycloak' instance can only be initialized once

adapter-config https://www.keycloak.org/securing-apps/javascript-adapter
The library was given no, or not all of its configuration (address, realm, client id): a variable is not set in this build, or has no public prefix (NEXT_PUBLIC_, VITE_), or the file was not found.
Print what the library gets. Variables of front ends are fixed at build time.
= configuration object is missing|only valid absolute urls can be requested|issuer must be configured|unable to find keycloak config|server configuration|client_id is required|missing setting:|client_secret_(basic|post) client authentication method requires|ERR_INVALID_URL|clientId is required|authority .{0,20}(is )?required|No authority or metadataUrl|keycloak\.json .{0,30}(404|not found)
= client_registration_not_found|Invalid URL: undefined|undefined/realms|unsupported protocol scheme|no scheme supplied|MissingSchema|Invalid URL|invalid url|(client.?id|(?<!jwt )issuer|realm|auth-server-url|authority|redirect.?uri) .{0,20}(is )?(not set|not configured|missing|not provided|undefined|must (not )?be (set|empty|provided|configured))|keycloak\.json|error=Configuration

session-secret https://authjs.dev/reference/core/errors
The session cookie cannot be read: the secret is missing, has changed or differs between replicas, or the cookie is cut.
Set one secret for all replicas and deploys (NEXTAUTH_SECRET or AUTH_SECRET, cookie_secret of 16, 24 or 32 bytes); people sign in anew once.
= MissingSecret|NO_SECRET|JWT_SESSION_ERROR|decryption operation failed|JWTSessionError|cookie_secret must be|cookie signature not valid|no matching decryption secret|SessionTokenError|Please define a .?secret

untrusted-host https://authjs.dev/getting-started/deployment#auth_trust_host
Auth.js does not trust the Host header of the request.
Behind a proxy or in a container: AUTH_TRUST_HOST=true, and AUTH_URL = the public URL.
= UntrustedHost

cookie-too-big https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_buffer_size
The tokens do not fit: a header or a cookie is longer than the proxy or the server takes (nginx 4 to 8 KB, Node 16 KB, browsers 4 KB a cookie). Keycloak tokens grow with roles, groups and attributes.
Keep sessions on the server (a store) in place of tokens in cookies; take roles out of the token (Full scope allowed OFF, fewer mappers). nginx: proxy_buffer_size 16k; proxy_buffers 8 16k; large_client_header_buffers 4 16k.
= too big header|header or cookie too large|cookie .{0,80}(too large|larger than|bigger than|exceeds|too (big|long))|CHUNKING_SESSION_COOKIE|request header fields too large|HPE_HEADER_OVERFLOW|header(s)? .{0,20}too (large|long|big)|Session cookie exceeds|cookie exceed|The request headers .{0,30}too long|Header overflow|\b431\b

redirect-loop https://developer.mozilla.org/docs/Web/HTTP/Reference/Headers/Set-Cookie
The browser is sent round: the application signs in, does not see its own session, and signs in again. The cookie is not kept (Secure on http, another domain, too big), or the proxy ends TLS and the application builds http addresses.
Look whether Set-Cookie of the callback comes back with the next request. Trust the proxy (X-Forwarded-Proto), one public URL, a session store; exclude the callback from what is guarded.
= too many redirects|ERR_TOO_MANY_REDIRECTS|redirect(ed)? (you )?too many times|redirect loop|infinite redirect|not redirecting properly|TooManyRedirects|maximum redirect|redirect_loop

refresh-refused https://www.keycloak.org/docs/latest/server_admin/#_timeouts
Keycloak did not take the refresh token: its session is over (idle for 30 minutes, the maximum, a logout, a Keycloak that lost its sessions at a restart), or rotation is on and an older one was used, for example by two requests at once.
Sign in again. Keep the newest refresh token, and refresh once for all requests that wait. Longer: Realm settings > Sessions; without an end: the scope offline_access.
= (?<!VerificationException: )(?<!VerificationException )(?<!verify token: )token (is )?not active|session (is )?not active|client session not|unknown session|stale token|maximum allowed refresh token reuse|invalid refresh token|refresh token expired|REFRESH_TOKEN_ERROR|Session doesn't have required client
= offline (user )?session not (found|active)|RefreshAccessTokenError|RefreshTokenError|failed to refresh (the )?(access )?token|user_session_not_found|refresh[_ ]token .{0,30}(failed|invalid|expired)|No refresh token|Error .{0,15}refreshing .{0,20}token|could not refresh token|unable to refresh .{0,20}token|session_expired

openid-missing https://openid.net/specs/openid-connect-core-1_0.html#AuthRequest
The scope 'openid' was not asked for: Keycloak then gives no ID token, and userinfo answers 403.
Ask for scope=openid (with profile and email, where names are needed).
= missing openid scope|KC-SERVICES0091|id_token (is )?(missing|not present|undefined)|id_token not present|no id_token|did not (return|contain|include) an? id_token|missing id_token|Missing .required. ID Token|openid scope

logout-parameters https://openid.net/specs/openid-connect-rpinitiated-1_0.html
The logout was asked for with the old parameter, or without the two that Keycloak needs since 18: which session (id_token_hint) or client, and an address it may return to.
Send id_token_hint (or client_id) and post_logout_redirect_uri, which must stand in Clients > Valid post logout redirect URIs ('+' takes the redirect URIs).
= missing parameters: id_token_hint|invalid redirect uri.{0,40}logout|LOGOUT_ERROR|post_logout_redirect_uri|invalid parameter: redirect_uri .{0,40}logout|Invalid parameter: id_token_hint|missing id_token_hint

redirect-uri https://www.keycloak.org/docs/latest/server_admin/#_client_settings
The redirect URI of the sign-in is not among those of the client: scheme, host, port, path or a slash at the end differ, often http in place of https behind a proxy.
Copy redirect_uri out of the address line (decoded) into Clients > the client > Valid redirect URIs, exactly. If the URI itself is wrong: the public URL of the application, and its trust in the proxy (X-Forwarded-Proto).
= invalid parameter: redirect_uri|unauthorized redirect.?uri|invalid_redirect_uri|invalid redirect_?uri|invalid redirect url|redirect_uri .{0,40}(not valid|mismatch|not allowed|invalid)|(redirect|return|callback)[_ ]?(uri|url).{0,40}(invalid|not (valid|allowed|registered|whitelisted)|mismatch|wrong)|invalid (redirect|return|callback)[_ ]?(uri|url)

flow-off https://www.keycloak.org/docs/latest/server_admin/#con-basic-settings_server_administration_guide
The client may not sign in this way: the flow that the request needs is switched off.
Clients > the client > Capability config: Standard flow ON for sign-in with the browser (response_type=code); Implicit flow only for old applications; Service accounts roles ON for client_credentials.
= not allowed to initiate browser login|flow is disabled for the client|KC-SERVICES0095|unsupported_response_type|client not enabled to retrieve service account|not allowed to retrieve service account|response_types? .{0,20}not (allowed|supported)|Bearer-only applications are not allowed|standard flow .{0,20}disabled|error=\"?not_allowed

wrong-secret https://www.keycloak.org/docs/latest/server_admin/#_client-credentials
Keycloak does not take how the client proves itself: the secret is wrong (another realm, rotated, quotes or a line break with it), the client is public or expects a signed JWT, or it does not exist in this realm.
Clients > the client > Credentials > Client secret: copy it again, without quotes or a line break. A public client sends none. Look at realm and client id, in their case of letters.
= invalid client secret|invalid_client_credentials|invalid client or invalid client credentials|client secret not provided|Invalid client credentials|could not obtain grant code: 401|client authentication failed|Public client not allowed|unauthorized_client.{0,60}(401|secret)|INTROSPECT_TOKEN_ERROR.{0,300}client
= Access Token Response: 401|invalid_token_response.{0,120}401|Missing client.secret|client_secret .{0,20}(missing|wrong|invalid)

access-denied https://www.keycloak.org/docs/latest/server_admin/#_authentication-flows
The person refused the consent, cancelled, or a step of the flow (a required action, a condition, an identity provider) said no.
Keycloak's log and Realm settings > Events name the step. Consent: Clients > Consent required OFF for own applications.
= error=access_denied|rejected_by_user|"error" ?: ?"access_denied"|denied access to the|\[access_denied\]|user denied access|user (has )?cancel|cancell?ed (the |by )?(user|flow|login)|consent.?denied|User closed|error=AccessDenied

auth-session-over https://www.keycloak.org/docs/latest/server_admin/#_authentication-sessions
The login page was open for too long or in another tab, or Keycloak was restarted meanwhile; the sign-in cannot go on.
Restart the login. Applications should treat error=temporarily_unavailable (authentication_expired) by starting anew. Often: Realm settings > Sessions > Login timeout.
= authentication_expired|page has expired|expired_code|action expired|already_logged_in|you are already logged in|already authenticated as different user|different_user_authenticated|Restart login cookie not found|took too long to log|login timeout|timed out.{0,10}login (took|will start)

cookie-not-found https://www.keycloak.org/server/reverseproxy
The browser did not send Keycloak's cookie with the form: cookies are blocked, Keycloak is called on http where it wants https (SameSite=None needs Secure), under two host names, or the page is in a frame of another site.
Open Keycloak under one https name (or http://localhost). Behind a proxy: KC_PROXY_HEADERS=xforwarded, X-Forwarded-Proto: https, KC_HOSTNAME. Restart the login from the application, not from a bookmark.
= cookie_not_found|^\W*cookie not found|cookie not found\. (please )?|non-secure context detected|cookies are not secured|cookie .{0,120}(rejected|blocked)(?!.{0,20}it is in a cross-site).{0,160}SameSite|SameSite=None.{0,60}secure|Restart cookie|named cookie not present|AUTH_SESSION_ID.{0,60}(rejected|missing|not found)|set-?cookie.{0,160}(blocked|rejected)|cookie .{0,60}(was|has been) (blocked|rejected)

library-configuration https://www.passportjs.org/concepts/authentication/strategies/
The framework does not know the strategy, the provider or the store by that name: the set-up of the library did not run, or ran after the routes.
Register strategy, module or session store before the routes that use them, by the same name.
= unknown authentication strategy|failed to serialize user|can't resolve dependencies of the .{0,40}(AuthGuard|RoleGuard|ResourceGuard)|KEYCLOAK_INSTANCE|passport\.initialize\(\) middleware not in use|(reading|property) '?keycloak-token|req\.session .{0,30}undefined|requires session support|middleware ".{0,60}" does not exist|No auth provider registered|Invalid Client Registration|No provider found for class|auth provider .{0,60}is misconfigured|environment variables used are not defined

token-exchange-of-code https://www.rfc-editor.org/rfc/rfc6749#section-4.1.3
The sign-in went well in the browser, but the application could not exchange the code (or read userinfo) at Keycloak: wrong secret, an address it does not reach from its own machine or container, or a certificate it does not trust.
The line below or beside this one names the cause (an HTTP status, a code such as ECONNREFUSED): give that to --explain too. From the container: curl -i KEYCLOAK/realms/REALM/.well-known/openid-configuration
? could not store grant|conform Token Endpoint response|handle OIDC response body error|failed to obtain access token|OAUTH_CALLBACK_ERROR|OAuthCallbackError|error redeeming code|invalid_token_response|token exchange failed|CallbackRouteError|invalid_user_info_response|SIGNIN_OAUTH_ERROR|could not obtain grant|failed to fetch user profile|OAuthSignin|OAuthCallback
? get info from generic_oauth|NewTransportWithCode|failed to get token|fail(ed|ure)? .{0,20}(exchang|obtain|fetch|retriev)\w* .{0,20}(token|code)|authorization_code_failed|OAuthLogin|could not fetch user (details|info)|OAUTH_GET_ACCESS_TOKEN_ERROR|CALLBACK_OAUTH_ERROR|OAuthCreateAccount|CLIENT_FETCH_ERROR|failed to turn code into token|oauth_token error

client-refused https://www.rfc-editor.org/rfc/rfc6749#section-5.2
Keycloak refuses the client: its secret is wrong, it does not exist there or is disabled, or may not use this grant.
Paste error_description too, or run the doctor with the client's settings.
? cannot fetch token: 401|unauthorized_client|invalid_client\b|invalid client|CLIENT_LOGIN_ERROR|/protocol/openid-connect/token\S* .{0,40}\b401\b

grant-refused https://www.rfc-editor.org/rfc/rfc6749#section-5.2
Keycloak refuses what was to be exchanged for a token: a code that was used or is old, a refresh token whose session is over, or a wrong password.
Paste error_description too: it says which.
? invalid_grant

iss-parameter https://www.keycloak.org/docs/latest/upgrading/#added-iss-parameter-to-oauth-2-0openid-connect-authentication-response
Since version 23 Keycloak adds 'iss' to the answer of a sign-in (RFC 9207). The application loses it on the way (a route or a proxy that copies only code and state), or does not know it.
Hand the whole query to the library. For an old library: Clients > Advanced > OpenID Connect Compatibility Modes > Exclude Issuer From Authentication Response ON.
= iss missing from the response|response parameter "iss"|iss parameter

library-import https://www.keycloak.org/securing-apps/javascript-adapter
The library is imported in another way than this version of it has: a default and a named export mistaken, CommonJS and ES modules mixed, or the script is not loaded.
keycloak-js: import Keycloak from 'keycloak-js'; new Keycloak({ url, realm, clientId }) (since 26 only so, and Keycloak serves the file no more). Providers of Auth.js in CommonJS: .default.
= keycloak\w*(\.\w+)? is not (a function|a constructor|defined)|provider is not a function|(cannot|can't) find module .{0,20}(keycloak|next-auth|openid)|Module not found.{0,60}keycloak|ERR_REQUIRE_ESM.{0,200}(keycloak|openid|jose|auth)|js/keycloak\.js.{0,40}404|No module named .{0,3}keycloak|ModuleNotFoundError.{0,40}keycloak
? cannot read propert.{0,60}(login|init|token|authenticated).{0,80}keycloak

no-session https://oauth2-proxy.github.io/oauth2-proxy/behaviour
Nobody is signed in at the application: the request came without its session cookie. Before a sign-in that is as it should be; after one the browser did not keep the cookie.
After a sign-in look at Set-Cookie of the callback: Secure on plain http, another domain or path, SameSite, or too big.
= no valid authentication in request|error loading cookied session|cookie "?\w+"? (is )?not present|user not found in storage|no active session|session .{0,20}does not exist|user token not found|client_authorization_required|ClientAuthorizationRequired|authentication session not found in request

keycloak-js-init https://www.keycloak.org/securing-apps/javascript-adapter
keycloak-js could not begin, and its own error says little: Keycloak is not reached at that address, the origin is not among the web origins, a frame was blocked, or the page came back with an error in its address.
Look for the first red line in the browser's network view, and paste that. init({ checkLoginIframe: false }) takes frames out of it.
? keycloak initialization|failed to initiali[sz]e (adapter|keycloak)|keycloak .{0,20}init.{0,20}(fail|error)
`;
