import { table } from '../rule.ts';

/** What an API says of a token that it does not take. */
export const TOKEN_RULES = table`
wrong-audience https://www.keycloak.org/docs/latest/server_admin/#_audience
The token is not for this API: its 'aud' does not name it. Keycloak puts only 'account' there, or nothing, until a mapper adds more.
Clients > the client that signs in > Client scopes > its dedicated scope > Add mapper > Audience: Included Client Audience = the API's client id, Add to access token ON. Then let the API expect that name; do not accept 'account'.
= wrong audience|token_audience|unexpected "aud"|jwt audience invalid|invalid token audience|audience doesn't match(?! domain)|audience did not match|missing the "aud" claim|InvalidAudience|JWTClaimsError: Invalid audience|the aud claim is not valid|required audience .{0,60}(missing|not)|audience \(aud\) claim .{0,80}acceptable
= IDX102(14|06|08)|Audience validation failed|audiences in jwt are not allowed|expected audience "?[^ ]+"? got|audience from claim .{0,80}does not match|token audience .{0,60}(does not|doesn't|not) match(?! domain)|claim "?aud"? .{0,40}mismatch|invalid[ _]audience|audience .{0,30}(is )?not allowed|no audience in (the )?(jwt|token)|aud(ience)? mismatch
= must contain .{0,40}audience|"?aud"? claim .{0,60}(does not|doesn't) (contain|match|include)|authorizedCallback incorrect aud

wrong-issuer https://www.keycloak.org/server/hostname
The token is from another issuer than the one that is expected: another realm, or the same Keycloak under another name. In Docker that is http://keycloak:8080 for the application and http://localhost:8080 for the browser; behind a proxy http and https; in old settings the path /auth.
Compare 'iss' of the token with the issuer in /realms/REALM/.well-known/openid-configuration and in the settings, letter by letter: scheme, port, /auth, a slash at the end. Set KC_HOSTNAME of Keycloak to its public URL (and KC_PROXY_HEADERS=xforwarded behind a proxy); then every address of it issues the same.
= wrong ISS\b|iss claim has value|token_issuer|unexpected "iss"|unexpected iss value|jwt issuer invalid|iss mismatch|Invalid token issuer|the iss claim is not valid|invalid[ _]issuer|InvalidIssuer|IDX10205|Issuer validation failed|issuer \(iss\) claim value|id token issued by a different provider|issuer did not match the issuer returned|did not match the requested issuer
= jwt issuer is not configured|wrong issuer|issuer mismatch|issuer .{0,100}(does not|did not|doesn't|not) match|"issuer" property does not match|authority mismatch|every url in discovery document has to start with|issuer in discovery document|no credentials found for given 'iss'|issuer URL .{0,60}(does not|doesn't) match|authorizedCallback incorrect iss
= unexpected issuer|mismatch(ed|ing) issuer|issuer values? (do not|don't|does not) match|Token issuer .{0,60}(invalid|expected)|issuer .{0,120}(is )?(invalid|unknown|not trusted|untrusted|not allowed|not valid)|issuer .{0,200}(does not|did not|doesn't) match|invalid iss|iss(uer)? (claim )?(is )?(not|un)expected|unable to (validate|verify) issuer|audience doesn't match domain

token-expired https://www.keycloak.org/docs/latest/server_admin/#_timeouts
The token has expired. Access tokens of Keycloak live five minutes unless the realm or the client says otherwise; if a fresh one is called expired, the clocks of two machines differ.
Refresh shortly before exp, and sign in again when the refresh is refused. Keep both machines on NTP. The lifespan: Realm settings > Tokens > Access Token Lifespan.
= invalid token \(expired\)|token_expired|jwt expired|JWTExpired|"exp" claim timestamp|token (is|has) expired|signature has expired|jwt is expired|IDX10223|ExpiredSignature|ExpiredTokenException|ExpiredJwtException|TokenExpiredError|lifetime validation failed|on or after the expiration time|jwt is no longer valid|expired token|id token (is|has) expired|exp(iration)? (claim|time) .{0,40}(past|passed)
= oidc: token is expired|SecurityTokenExpired|token .{0,20}expired at|access token expired|^\W*\d*\W*token expired|VerificationException:? Token is not active|failed to verify token.{0,80}not active

clock-skew https://www.rfc-editor.org/rfc/rfc7519#section-4.1.5
The token is not valid yet by the clock of this machine: the clocks of it and of Keycloak differ.
Keep both machines on NTP (in virtual machines, Docker Desktop and WSL the clock stops while the computer sleeps: restart it). A tolerance of some seconds bridges the rest.
= issued in the future|token_not_yet_valid|not yet valid|ImmatureSignature|IDX10222|BeforeValidException|"nbf" claim timestamp|used before issued|cannot handle token (prior to|with (nbf|iat))|"iat" claim timestamp|jwt not active|NotBeforeError|jwt used before|before the not before time|token is not valid yet|iat .{0,30}(in the )?future|clock (skew|difference)
= issued at time is|iat .{0,40}(too|skew)|clocks? .{0,40}(out of sync|differ|not synchron)|(not before|nbf) .{0,40}(future|not reached)|issued at .{0,40}in the future|time skew|cannot be accepted yet|token (used|is) (too )?early|in the future

stale-token https://www.keycloak.org/docs/latest/server_admin/#_revocation-policy
The token was issued before a not-before of the realm, the client or the user: somebody signed everybody out.
Sign in again. If that does not help, a not-before lies ahead: Sessions > Action > Revocation > Clear.
= stale token|not.?before.?policy

not-an-access-token https://www.keycloak.org/docs/latest/server_admin/#_oidc_token_types
This is not an access token: an ID token or a refresh token was sent, or the token of another kind than the API takes. Keycloak signs ID tokens by the same key, so only the claim typ tells them apart.
Send access_token of the token answer, as 'Authorization: Bearer …'.
= invalid token \(wrong type\)|token_type: |token type is incorrect|expected .{0,10}Bearer.{0,10} but was|unexpected "typ"|id token .{0,40}access token

not-a-jwt https://www.rfc-editor.org/rfc/rfc6750#section-2.1
What arrived is not a JWT of three parts: nothing or 'undefined' was sent, the word Bearer twice, quotes or a line break along with it, an opaque token of another server, or an encrypted one (five parts).
Look at the header that arrives: Authorization: Bearer eyJ… with one space. Then: keycloak-guard doctor --token -
? has no attribute .rsplit.
= no SecurityTokenValidator|jwt malformed|token_malformed|invalid token \(not signed\)|invalid compact jws|not enough segments|bearer token is malformed|jwt is not in the form|IDX1(2741|4100|2729|2709)|JWT must have three|wrong number of segments|malformed jwt|token contains an invalid number of segments
= invalid jwt serialization|not a valid (jwt|jws)|jwt strings must contain exactly|jwt header is an invalid json|JWTInvalid|Invalid Token or Protected Header|error decoding (token|signature|jwt)|invalid token specified|Invalid header string|jwt is not well formed|bad jwt|invalid number of (parts|segments)
= malformed (token|jwt)|kid must be provided|missing (part|dot|delimiter).{0,30}(jwt|jws|jwe)|Invalid unsecured/JWS/JWE|parts of token|(expected|must have) (three|3) (parts|segments)|compact JWS format|could not (decode|parse) (the )?(token|jwt|jws)(?!.{0,20}(verif|key|signature))|(decode|decoding|parse|parsing) (of )?(the )?(token|jwt) fail|failed to (decode|parse) (the )?(token|jwt|jws|id.?token)|invalid token format|token format

unknown-key https://www.keycloak.org/docs/latest/server_admin/#realm_keys
The key that signed the token is not among those that are published there: the token is from another realm or another Keycloak, the realm was made anew (a start-dev without a volume has new keys each time), the key was rotated away, or the list of keys is an old copy.
Sign in again. If it stays: compare iss of the token with the realm that is configured, restart what holds a copy of the keys, and give Keycloak a database that stays.
= token_key_unknown|no applicable key found|JWKSNoMatchingKey|unable to find a signing key|SigningKeyNotFound|no matching key|Unable to find an? (algorithm|key) for|jwks doesn't have key|"?kid"? invalid|could not find .{0,20}kid|kid .{0,60}not (found|available|present)|IDX1050[013]|UnresolvableKey|unable to find (a|the|matching|suitable) .{0,30}key|key .{0,20}not found in jwks|public key .{0,20}not found
= failed to find .{0,20}key|unknown kid|key id .{0,40}not found|no key .{0,30}kid|No suitable key|could not find .{0,30}(public|signing) key|no JWK .{0,20}found|unable to load public key|no keys? .{0,30}match.{0,20}(kid|token)|JWK with .{0,60}(not available|not found)|publicKey.{0,10}null|PEM .{0,40}not found for kid
= (didn't|did not|could not|couldn't|cannot|can't|unable to|failed to) (find|locate|match|resolve|lookup|obtain|determine) .{0,40}(key\b|publicKey|kid\b|jwk)|no .{0,20}key .{0,20}(match|found|for)|key .{0,30}does not exist|unknown (signing )?key|public key not set|unable to resolve realm public key

bad-signature https://www.rfc-editor.org/rfc/rfc7515#section-5.2
The signature does not fit the key: the token was changed or cut, it is verified with the key of another realm, or with a secret or a pinned public key where the realm signs by another.
Verify by the keys of the realm (/realms/REALM/protocol/openid-connect/certs), chosen by kid; take out pinned keys and secrets. Then: keycloak-guard doctor --token -
= invalid token \((invalid signature|public key signature|signature)\)|token_signature|signature verification failed|jwt verification fails|signature verification fail|invalid signature|SignatureInvalid|IDX10(511|508|517)|failed to verify (id token )?signature|signature validation failed|crypto/rsa: verification error|signed jwt rejected: invalid signature|JWT signature does not match|jws verification ?fa|JWS::Verificationiled
= signature (is )?(not valid|invalid)|InvalidSignatureError|bad signature|signature mismatch|verify with any of the keys|signature length not correct|(could not|unable to|cannot|failed to|not) (verify|validate) .{0,30}signature|signature .{0,30}(failed|incorrect|wrong|not valid|is invalid|did not match|does not match)|(JWS|JWT) (token )?verification failed|verification of .{0,20}signature .{0,10}fail

wrong-algorithm https://www.keycloak.org/docs/latest/server_admin/#_oidc_token_types
The token is signed with another algorithm than the one that is accepted here. Keycloak signs with RS256 unless realm or client say otherwise; refresh tokens are HS512 and are nobody's to verify.
Let the API accept exactly the algorithm of the realm (Realm settings > Tokens > Default signature algorithm, or Clients > Advanced), and send the access token. With RS256 the key is a public one, never the client secret.
= another algorithm expected|token_algorithm|"alg" .{0,40}not allowed|invalid algorithm|unexpected jwt alg|InvalidAlgorithm|specified alg value is not allowed|secretOrPublicKey must be|algorithm .{0,30}not (allowed|supported|permitted)|incorrect key for this algorithm|unsupported alg|unexpected signature algorithm
= id token signed with unsupported algorithm|wrong alg|alg(orithm)? mismatch|signing algorithm .{0,60}(expected|mismatch)|Key for the .{0,20}algorithm must be|unexpected "?alg"?|signing method .{0,20}is invalid
= algorithm .{0,40}(does not|doesn.t) match|no support for signature|unsupported (signature|signing|jwt|jws|alg)|algorithms?\"? argument|signature (type|algorithm) .{0,40}(not|un)supported|algorithm .{0,30}(mismatch|is not|was not)|expected .{0,10}(RS|HS|ES|PS|EdDSA)\d*.{0,20}(got|but)

no-key-given https://www.keycloak.org/docs/latest/server_admin/#realm_keys
The verifier has no key: the public key or the secret it was given is empty or not a PEM.
Give it the realm (its certs URL) in place of a pasted key. A pasted key needs its lines: -----BEGIN PUBLIC KEY-----, the key from Realm settings > Keys, -----END PUBLIC KEY-----.
= secret or public key must be provided|no start line|could not deserialize key|asn1.{0,30}(wrong tag|not enough data)|unable to load (pem|key)|InvalidKeyError|key is not (a )?(valid )?PEM|invalid PEM|DECODER routines::unsupported|failed to (parse|decode) PEM|must be .{0,20}PEM encoded|openssl/evp pkey|EVP_PKEY|(private|public|secret) key .{0,20}(missing|not set|empty|required|must be)

keys-not-fetched https://www.keycloak.org/securing-apps/oidc-layers#_certificate_endpoint
The keys of the realm could not be fetched: the API does not reach Keycloak at that address, or something else answers there.
Call the certs URL from the machine or container of the API: curl -i KEYCLOAK/realms/REALM/protocol/openid-connect/certs. In Docker use the name of Keycloak's service and not localhost; behind a proxy let /realms/ through.
= couldn't retrieve remote jwk|failed to load public key to verify|jwks remote fetch is failed|fetching keys|get keys failed|JWKSTimeout|fail(ed)? to fetch jwks|JSON Web Key Set HTTP response|PyJWKClientConnectionError|fail to fetch data from the url|ERR_JWKS_INVALID|JWKS request failed|JWKS_REQUEST_FAILED|endpoint did not contain any signing keys|invalid local jwks|JSON Web Key Set malformed|unable to (get|fetch|retrieve|obtain|load) .{0,30}(jwks|signing keys?|json web key)|IDX2080[34]|jwks .{0,40}(fetch|download) .{0,10}fail
= error (while )?(loading|fetching|getting|retrieving) (the )?(jwks|keys|certs)|could not (load|fetch|retrieve|get) (the )?(jwks|public keys?|certs)|jwks .{0,30}unavailable|unable to fetch certificates|failed (to )?(fetch|retrieve|load|get)(ing)? .{0,30}(jwks|certs|keys)

jwks-rate-limit https://github.com/auth0/node-jwks-rsa
The key of the token is unknown, and the library has asked for the keys so often that it asks no more.
Find out why the key is unknown (another realm, a realm made anew, made-up tokens); a cache of keys that is asked again at most every few seconds needs no higher limit.
= JwksRateLimit|too many requests to the jwks|enough time elapsed since the last request

no-token https://www.rfc-editor.org/rfc/rfc6750#section-2.1
The request came without a token: nobody is signed in, the header was not sent, or a proxy took it away.
Send 'Authorization: Bearer …'. Behind nginx or Apache let the header pass (Apache: CGIPassAuth On, or SetEnvIf Authorization); with cookies or fetch look at credentials and at redirects, which drop the header.
= NO_AUTHORIZATION_IN_HEADER|no authorization (was )?(found|included|provided)|DenyAnonymousAuthorizationRequirement|Authentication object was not found|no auth token|token_missing|jwt is missing|no jwt found|missing authorization header|no bearer token|authorization header .{0,30}(missing|not (present|found|set))|full authentication is required|credentials were not provided|bearer token (is )?missing|no access token (provided|present)|token not provided|missing (access|bearer) token
= "system:anonymous" cannot|No authorization token was found|authorization header (is )?not available|access token (is )?missing|authentication token .{0,20}(not found|missing)|missing[_ ]token|no token (found|provided|present|in)|(?<!user )token (was )?not (found|provided|sent|supplied)|missing Authorization

role-missing https://www.keycloak.org/docs/latest/server_admin/#con-token-role-mappings_server_administration_guide
The token is good, but lacks a role or a scope that is required; or it has the role, and the framework looks elsewhere: Keycloak's roles are in realm_access.roles and resource_access.CLIENT.roles, not in scope.
keycloak-guard doctor --token - shows which roles the token has. Assign the role (Users > Role mapping), give the client the scope roles, and map the claim in the framework (Spring: a JwtAuthenticationConverter that makes ROLE_…; ASP.NET: RoleClaimType; oauth2-proxy: --oidc-groups-claim).
= InsufficientScope|insufficient scope|AuthorizationDenied|access is denied|insufficient_scope(?!.{0,40}openid)|forbidden_role|role_missing|insufficient (permission|authorit|privilege|role)s?|does not have (the )?(required )?(role|permission|scope)|missing (the )?(required )?(role|scope)|not (authorized|allowed) .{0,40}(role|group)|RolesAuthorizationRequirement
= user .{0,60}(is )?not in (the )?(allowed |required )?group|Invalid account .{0,5}unauthorized|Invalid authentication via OAuth2|does not have permission to perform this action|Forbidden resource|not a valid .?resource_access|not authorized to (access|view|see|perform)|(role|group)s? .{0,20}not (found|present) in (the )?(token|claims?)
? Error from server .Forbidden.|User "[^"]+" cannot|KeyError: .(realm|resource)_access|HTTP 403 Forbidden|\b403\b.{0,20}forbidden|access denied(?! for user)
= not a member of|is not assigned|has no access|user (is )?not allowed|Permission Denied Invalid Account|not (in|part of) .{0,20}(required|allowed) (group|role|organi)|missing (group|authority|authorities)|requires? (one of )?(the )?(following )?roles?

claim-missing https://www.keycloak.org/docs/latest/server_admin/#_client_scopes
The token or the userinfo answer lacks a claim that the application needs (sub, email, preferred_username, groups): a client scope or a mapper does not put it there, or the user has no such value.
Ask for the scopes 'openid profile email'; Client scopes: basic (sub, since Keycloak 25), profile, email as Default; for groups a Group Membership mapper. The mapper's switch: Add to access token, to ID token, to userinfo, wherever the application reads. Users > the user > Email.
? source does not exist
= missing attribute .{0,60}in attributes|neither the id_token nor the profileURL set an email|could not get claim|claim .{0,40}(is )?(missing|not (found|present))|missing required (claim|jwt property|id_token property)|no email (found|in|claim)|sub .{0,30}(claim )?(is )?(missing|undefined|null|required)|attribute value for .{0,40}cannot be null|missing .{0,20}claim|required claim
= Username could not be (found|resolved)|no (such )?claim|claims? .{0,30}does not (exist|contain)|email (is )?(empty|missing|not provided)|username .{0,30}not (found|present) in (the )?(token|userinfo|claims?)
= (does not|doesn't|do not|not) (have|contain|include|provide|return) .{0,30}(user ?name|email|sub|name|claim|groups)|invalid email|(email|user ?name|login|user) [^],.\n]{0,24}\b(empty|blank|null|nil|missing|required)\b|(user ?name|email|groups) claim

email-not-verified https://www.keycloak.org/docs/latest/server_admin/#enabling-forgot-password
The application takes only verified email addresses, and Keycloak has this one as not verified.
Users > the user > Email verified ON, or let the user verify it (Realm settings > Login > Verify email). An application that does not need it: its own switch (oauth2-proxy: --insecure-oidc-allow-unverified-email).
= email in id_token .{0,80}isn't verified|(?<!message rejected: )email .{0,40}(is )?not verified|email_not_verified|unverified email

token-refused https://www.rfc-editor.org/rfc/rfc6750#section-3.1
The API does not take the token, and does not say why: expired, of another issuer or audience, a key that it does not know.
Its log says why, or: keycloak-guard doctor --token -, and --route for the route itself.
? invalid[_ ]token|could not validate credentials|token (is )?(invalid|rejected)|failed to (verify|validate) (the )?(token|jwt)|(token|jwt) (verification|validation) fail|access token .{0,20}(not valid|invalid)|must be logged in to the server|\b401\b.{0,20}unauthorized|unauthorized.{0,20}\b401\b|not authenticated|authentication failed
? unable to verify (the )?jwt|unauthenticated|tokens?\)? .{0,12}(not valid|validation failed)|tokens?\(?s?\)? validation failed|invalid bearer token|authentication finally failed|\bunauthorized\b|\bnot authorized\b|invalid authentication|\b401\b
`;
