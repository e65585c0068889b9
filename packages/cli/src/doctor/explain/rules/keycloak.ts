import { table } from '../rule.ts';

/** What Keycloak itself writes: pages, answers, events and its log. */
export const KEYCLOAK_RULES = table`
user-credentials https://www.keycloak.org/docs/latest/server_admin/#configuring-login-pages
A person typed a wrong user name or password (or is of another realm, or needs a one-time code that was not sent).
The person types again. For certain: keycloak-guard doctor --user NAME, with an admin.
= invalid_user_credentials|invalid user credentials|error="?user_not_found|invalid username or password|invalidUserMessage|invalid authenticator code|invalidTotp|invalid_totp|invalid username or password

login-flow https://www.keycloak.org/docs/latest/server_admin/#_authentication-flows
The login flow ended without success: a step of it failed, or no step of it fits this user (no password of its own, a step by an extension, a required step that the user has not set up). Mistyped passwords are logged so too.
Authentication > the flow that the client or the realm uses: required and alternative steps, conditions. Look for LOGIN_ERROR and its error= beside it; more: KC_LOG_LEVEL=org.keycloak.authentication:debug
= KC-SERVICES0013|AuthenticationFlowException

user-locked https://www.keycloak.org/docs/latest/server_admin/#password-guess-brute-force-attacks
Brute force protection has locked the user for a while after failed logins.
Wait, or Users > the user > Unlock. The limits: Realm settings > Security defenses > Brute force detection.
= user_temporarily_disabled|account temporarily disabled|temporarily locked|USER_DISABLED_BY_(TEMPORARY|PERMANENT)_LOCKOUT

user-disabled https://www.keycloak.org/docs/latest/server_admin/#assembly-managing-users_server_administration_guide
The user is disabled.
Users > the user > Enabled ON.
= error="?user_disabled|account (is )?disabled|user disabled

account-not-set-up https://www.keycloak.org/docs/latest/server_admin/#con-required-actions_server_administration_guide
The password is right, but the person has to do something first: a new password, a missing profile field, an OTP device, an email to verify. A password grant cannot show the form.
Users > the user: fill email, first and last name, clear Required user actions, a password with Temporary OFF. Or let the person sign in once with the browser.
= not fully set ?up|resolve_required_actions

client-unknown https://www.keycloak.org/docs/latest/server_admin/#assembly-managing-clients_server_administration_guide
The realm has no client of this id (the letters' case counts), or it is disabled.
Clients: the column 'Client ID', not the UUID, in the realm of the address; Enabled ON.
= client_not_found|client not found|client_disabled|unknown client|invalid_client.{0,40}not found

realm-unknown https://www.keycloak.org/docs/latest/server_admin/#configuring-realms
There is no realm of this name (the letters' case counts), or it is disabled.
Correct the realm in the settings; Realm settings > Enabled ON.
= realm does not exist|realm_disabled|realm not (found|enabled)|realm .{0,40}(not found|does not exist)

discovery https://openid.net/specs/openid-connect-discovery-1_0.html
The library could not read the realm's discovery document (/realms/REALM/.well-known/openid-configuration): it does not reach Keycloak from its own machine or container, the address or the realm is wrong (/auth too much or missing), or a proxy answers in its place.
From there: curl -i KEYCLOAK/realms/REALM/.well-known/openid-configuration. The issuer in it must be the one that is configured, letter by letter.
= unable to (resolve|retrieve|obtain|load|fetch|get|read) .{0,60}(configuration|discovery|metadata|well-known)|error (loading|fetching|getting|retrieving) .{0,20}(discovery|openid|oidc|well-known|metadata)|failed (to )?(query|discover|fetch|load|get|retrieve|obtain|read|init\w*)(ing)? .{0,40}(provider|discovery|metadata|well-known|openid.configuration)
= discovery (document )?.{0,40}(fail|error|not found|could not|invalid)|Authorization Server Metadata response|could not (get|load|fetch|retrieve|read|resolve) .{0,40}(well-known|discovery|metadata|openid.configuration)|OIDC (provider )?discovery|Provider (config|metadata|discovery) .{0,20}(fail|error)|loadDiscoveryDocument|OAuthRequestAuthenticator\.getRedirectUri|cannot obtain configuration

auth-prefix https://www.keycloak.org/server/all-config#category-http
Keycloak has nothing at this path: a realm that does not exist, the old /auth too much (since 17 Keycloak is at /), /auth missing where it was kept, a slash doubled, or the path of an older version.
Compare with KEYCLOAK/realms/REALM/.well-known/openid-configuration in the browser, and correct the address in the settings: with /auth exactly if that one has it.
= RESTEASY003210|could not find resource for full path|unable to find matching target resource|/auth/realms/.{0,160}\b404\b|Resource not found.{0,40}/auth|\b404\b.{0,160}/auth/(realms|admin)|expected 200 OK, got: 404|"error" ?: ?"HTTP 404 Not Found"|\b404\b.{0,30}(on|for|from) .{0,60}well-known
? well-known/openid-configuration.{0,120}\b404\b|got: 404

https-required https://www.keycloak.org/docs/latest/server_admin/#_ssl_modes
The realm accepts plain http only from this machine or network (Require SSL), and the request came by http, or a proxy ended TLS without saying so.
Call https. Behind a proxy: KC_PROXY_HEADERS=xforwarded, and the proxy sets X-Forwarded-Proto and X-Forwarded-For. For development alone: kcadm.sh update realms/REALM -s sslRequired=NONE
= https required|ssl_required|SSL required

metadata-https https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderConfigurationRequest
The library wants https for the address of Keycloak, and it is http.
https for Keycloak. On this machine alone, the library's switch for development (ASP.NET: RequireHttpsMetadata=false; oauth4webapi and openid-client: allowInsecureRequests).
= RequireHttpsMetadata|only requests to HTTPS are allowed|IDX20108|issuer must use https|InsecureTransport|insecure_transport|https is required|Insecure HTTP is not allowed|must use (the )?https|KC-SERVICES0061

admin-forbidden https://www.keycloak.org/docs/latest/server_admin/#_per_realm_admin_permissions
The admin, or the service account, may not do this with the Admin API: it lacks roles of realm-management.
Clients > the client > Service accounts roles (or Users > Role mapping) > Assign role > realm-management: view-users, manage-users, view-clients, whatever the call needs. Then a new token.
= KeycloakGetError: 403|Keycloak(Post|Put|Delete|Operation|Authentication)?Error: 403|"?error"? ?: ?"?(HTTP 403 Forbidden|unknown_error)|ForbiddenException.{0,40}403|403: org\.keycloak.{0,40}ForbiddenException|/admin/realms/.{0,200}\b403\b|\b403\b.{0,120}/admin/realms

admin-unauthorized https://www.keycloak.org/docs/latest/server_admin/#admin-cli
The Admin API does not take the token: it has expired (admin-cli's live one minute), is of another realm, or was issued under another address of Keycloak.
Fetch a new token, at the same address as the call, from the realm in which the admin is (usually master).
= "?error"? ?: ?"?HTTP 401 Unauthorized|Keycloak(Get|Post|Put|Delete)Error: 401|NotAuthorizedException.{0,20}401|/admin/realms/.{0,200}\b401\b|Session has expired\. Login again|No server specified|failed to perform initial login

exchange https://www.keycloak.org/securing-apps/token-exchange
The client may not exchange this token: standard token exchange is off at the client, the client is not in the token's audience, or nobody gives it a token for the audience it asks for.
Clients > the client > Capability config > Standard token exchange ON (Keycloak 26.2 and later); an Audience mapper for it in the subject token; for the target a scope with an Audience mapper.
= (client|client is) not allowed to exchange|allowed to exchange token|not the (token )?holder|holder of the token|subject.?token|for Token Exchange|allowed for token exchange|TOKEN_EXCHANGE_ERROR|requested audience not available|not within the token audience|token exchange is not (enabled|supported)|Unsupported grant_type.{0,80}token-exchange

scope https://www.keycloak.org/docs/latest/server_admin/#_client_scopes
The client may not ask for one of the scopes: it is not assigned to it, or does not exist.
Clients > the client > Client scopes > Add client scope, as Optional; or do not ask for it.
= invalid scopes?:|KC-SERVICES0093|invalid_scope|Invalid parameter value for: scope

form-missing https://www.rfc-editor.org/rfc/rfc6749#section-4.1.3
The token endpoint found no form: the body was sent as JSON, empty, or by GET.
POST with Content-Type: application/x-www-form-urlencoded, fields as a form: grant_type=…&client_id=…
= missing form parameter: grant_type|Missing parameter: (username|grant_type|response_type|client_id)|HTTP 415 Unsupported Media Type|HTTP 405 Method Not Allowed

hostname-missing https://www.keycloak.org/server/hostname
Keycloak in production mode must be told its public name.
KC_HOSTNAME=https://sso.example (since 25 the whole URL; KC_HOSTNAME_URL, _PORT, _PATH and KC_PROXY are gone), or start-dev for development.
= provided hostname is neither|strict hostname resolution configured but no hostname|hostname is not configured|Hostname v1 options|hostname-(url|port|path|strict-https|strict-backchannel|admin-url)|hostname:v1|Unknown option: '--proxy'|unrecognized.{0,20}--proxy|KC_PROXY\b

tls-of-keycloak https://www.keycloak.org/server/enabletls
Keycloak in production mode has no certificate and may not speak plain http.
KC_HTTPS_CERTIFICATE_FILE and KC_HTTPS_CERTIFICATE_KEY_FILE; behind a proxy that ends TLS KC_HTTP_ENABLED=true and KC_PROXY_HEADERS=xforwarded; start-dev for development.
= key material not provided to setup https

port-taken https://www.keycloak.org/server/management-interface
Another program (perhaps a second Keycloak) has the port; since 25 that can be the management port 9000.
Stop it, or KC_HTTP_PORT, KC_HTTP_MANAGEMENT_PORT.
= address already in use|EADDRINUSE|port\(?s?\)? already bound|port .{0,20}(is )?already (in use|allocated)

health-moved https://www.keycloak.org/server/management-interface
Since Keycloak 25 /health and /metrics are at the management port 9000, and only if they are switched on.
KC_HEALTH_ENABLED=true, and probe http://keycloak:9000/health/ready.
= /health(/ready|/live|/started)? .{0,60}404|(readiness|liveness|startup) probe failed.{0,120}(404|8080)
? (startup|liveness|readiness) probe|failed (startup|liveness|readiness) probe

database https://www.keycloak.org/server/db
Keycloak does not get to its database: address, password, a database that is not up yet, too few connections, or a lock that a killed start left behind.
KC_DB, KC_DB_URL, KC_DB_USERNAME, KC_DB_PASSWORD; start Keycloak after the database (depends_on with a health check). A left lock: update databasechangeloglock set locked=false.
~ failed to obtain jdbc connection|acquisition timeout while waiting for new connection|waiting for changelog lock|unable to acquire jdbc connection|PSQLException|password authentication failed for user|JDBCConnectionException|AgroalConnectionPool|Communications link failure|Datasource .{0,40}URL format error|database .{0,20}does not exist|Failed to initialize .{0,20}(Liquibase|database)|Failed to update database
~ Access denied for user|psql: .{0,120}(server|database|role)|The database may be already in use|FATAL: (role|database|sorry)|liquibase.{0,120}(encountered an exception|ChangeSet)|MigrationFailedException|ARJUNA0\d+|duplicate key value|SQLGrammarException|relation .{0,60}does not exist|SQLException|deadlock detected|too many clients|could not (open|get|obtain) (JDBC )?connection

unknown-feature https://www.keycloak.org/docs/latest/upgrading/
Keycloak is told of a feature or an option that this version has not (any more).
Look up which replaced it in the upgrading guide, and take it out of KC_FEATURES or of the command. For a realm: keycloak-guard doctor --upgrade VERSION
~ is an unrecognized feature|unknown option: |feature .{0,60}(not available|unknown|does not exist)|Feature .{0,40}not enabled|Unable to parse options|ERROR: Unrecognized|invalid value for option|Expected values are|option .{0,40}(is )?(not recognized|unknown|not valid|removed)|feature .{0,40}(removed|deprecated and)|Disabled option

settings https://www.keycloak.org/server/configuration
Keycloak (or another application on Quarkus) does not start because of a setting: one that is missing, misspelt or does not go with the others. The words after it name which; 'No value present' most often is the database (KC_DB).
bin/kc.sh show-config shows what arrives, and from where. Environment variables are KC_ and capitals; a placeholder has to exist. With --optimized, options of the build count only from the last kc.sh build.
~ SRCFG\d+|invalid value .{0,60}for configuration property|one or more configuration errors|No value present
? Failed to start (server|quarkus)|cli\.ExecutionExceptionHandler

import-refused https://www.keycloak.org/server/importExport
The realm file was not imported: the realm or something in it exists already, the file is of a newer version (unknown fields), or holds scripts.
kc.sh import --override true (it replaces the realm), or delete the realm first; export with the version that imports. Scripts (js policies and mappers) are deployed as a JAR.
~ script upload is disabled|already exists\. import skipped|UnrecognizedPropertyException|Unrecognized field|ModelDuplicateException|error during (startup|import).{0,80}import|Conflict detected\. See logs|Exists with (same )?|(realm|client) .{0,60}already exists|Failed to (run|import) .{0,20}import
~ session not bound to a realm|(unable|failed) to import|import .{0,40}(failed|error)|cannot (parse|read) (the )?(json|realm)

ldap https://www.keycloak.org/docs/latest/server_admin/#_ldap
Keycloak does not get on with the directory (LDAP): not reached, a wrong bind DN or password, a certificate it does not trust, or a base DN that is not there.
User federation > the provider > Test connection, Test authentication. Certificates: KC_TRUSTSTORE_PATHS.
= LDAP: error code|LDAP query failed|could not query server using DN|ldaps?://.{0,80}(refused|timed? ?out|unknown host)|javax\.naming|InvalidNameException|could not sync (users|groups)|users-sync in realm|LDAPException|LDAP.{0,200}(timed? ?out|refused)|LDAP .{0,40}(connection|bind) .{0,20}fail|CommunicationException.{0,60}(389|636)

mail https://www.keycloak.org/docs/latest/server_admin/#_email
Keycloak cannot send mail: no server is set, it is not reached, or it refuses user, password, TLS or sender.
Realm settings > Email: host, port, encryption, authentication, From; Test connection (the admin needs an email address of its own).
~ failed to send .{0,20}email|email_send_failed|EmailException|couldn't connect to host, port|MailConnectException|SendFailedException|AuthenticationFailedException|KC-SERVICES0029

cluster https://www.keycloak.org/server/caching
The nodes of Keycloak do not form a cluster, or lost one another: sessions and codes of one are unknown to the next.
One database for all; KC_CACHE=ispn and a stack that works there (jdbc-ping is the default since 26.1); let the nodes reach one another (port 7800).
~ JGRP000\d+|SuspectException|org\.jgroups|infinispan.{0,80}TimeoutException|no physical address for

identity-provider https://www.keycloak.org/docs/latest/server_admin/#_identity_broker
The sign-in by another identity provider failed on the way back: its secret, its certificate or address (from Keycloak's machine), its keys or its issuer do not fit, or it refused.
Keycloak's log has the reason beside it (KC_LOG_LEVEL=org.keycloak.broker:debug). Identity providers > the provider: client secret, token URL, Validate signatures and its JWKS URL, issuer; its redirect URI is KEYCLOAK/realms/REALM/broker/ALIAS/endpoint.
= identity_provider_(login_failure|error)|IDENTITY_PROVIDER_(LOGIN|FIRST_LOGIN|RESPONSE|LINK_ACCOUNT)\w*_ERROR|failed to make identity provider oauth callback|from identity provider: \w+|IdentityBrokerException|unexpected error when (handling|authenticating) .{0,30}identity provider|could not fetch attributes from userinfo|no access_token from server|Could not (process|decode) (response|access token) from
= Identity Provider .{0,60}(not found|error)|broker/.{0,60}/endpoint|KC-SERVICES0036|AADSTS\d+|(unable|failed) to (authenticate|log ?in) .{0,30}identity provider

account-exists https://www.keycloak.org/docs/latest/server_admin/#_identity_broker_first_login
Somebody signs in by an identity provider, and an account of that name or email is there already.
The person links it (the first login flow asks for the password). Automatic only where the provider's emails can be trusted: Identity providers > First login flow, Trust email.
~ federated_identity_(account_)?exists|federatedIdentity(Email|Username)ExistsMessage|account already exists|User with (email|username) .{0,60}already exists|OAuthAccountNotLinked|account .{0,30}already (linked|exists|in use)

user-exists https://www.keycloak.org/docs-api/latest/rest-api/
There is a user of this name or email in the realm already.
Look the user up before you make one, and treat 409 as "is there".
~ user exists with same|error="?(email|username)_in_use|admin' already added|user with username .{0,40}already

client-assertion https://www.rfc-editor.org/rfc/rfc7523#section-3
The signed JWT by which the client proves itself is not right: its audience is not the issuer, it has expired or was used before, or Keycloak has not the key.
aud = the issuer (one string), exp within a minute or so, a new jti each time; the public key at Clients > the client > Keys, with its kid.
= client_assertion|error when validating client assertion|KC-SERVICES0055|client assertion|Signature on JWT token failed validation|private_key_jwt|assertion .{0,40}(expired|invalid|not valid)

dpop https://www.rfc-editor.org/rfc/rfc9449
The client or the API wants a DPoP proof, and it is missing or does not fit the request.
Send Authorization: DPoP with a new proof for each request (method, URL, ath); behind a proxy the API must know its public URL. Clients > Require DPoP bound tokens.
= dpop proof|invalid_dpop_proof|use_dpop_nonce|DPoP .{0,40}(missing|mismatch|required)

userinfo-refused https://openid.net/specs/openid-connect-core-1_0.html#UserInfoError
Keycloak refused the token that it was asked about. It says the same of an expired token, of one of another realm, of one that was issued under another address of Keycloak, of a revoked one.
keycloak-guard doctor --token - says which.
= error_description"?[=:] ?"?token verification failed|USER_INFO_REQUEST_ERROR|INTROSPECT_TOKEN_ERROR|KC-SERVICES0097|"active" ?: ?false|token is not active anymore
? introspection failed

saml https://www.keycloak.org/docs/latest/server_admin/#_client-saml-configuration
A SAML message was refused: its signature, its destination or its client (Issuer) is not what Keycloak or the application has in its settings, or its time has passed.
Compare entity id = Client ID, the certificates of both sides (export the metadata again), the ACS URL among Valid redirect URIs, Destination = the public URL (KC_HOSTNAME, X-Forwarded-Proto), and the clocks.
= invalid_saml|LOGIN_ERROR.{0,300}invalid_signature|Logout(Response|Request) signature.{0,30}|invalid requester|SAML .{0,60}(invalid|fail|error|not valid|expired)|invalid_authn_request|invalid (saml )?destination|urn:oasis:names:tc:SAML:2\.0:status:(Requester|Responder|AuthnFailed)|no valid (saml )?assertion|SAMLException|SamlProtocolUtils

password-policy https://www.keycloak.org/docs/latest/server_admin/#_password-policies
The new password does not meet the realm's policy.
Authentication > Policies > Password policy names the rules.
~ invalidPassword\w+Message|password policy not met|invalid password: |PASSWORD_REJECTED|password_rejected

request-parameter https://www.keycloak.org/docs/latest/server_admin/#_client_settings
Keycloak does not accept a parameter of the request: the one that the message names is missing, has a value that is not allowed for this client, or contradicts another.
Compare the address line of the browser with the client's settings and with the discovery document.
= invalid parameter: \w+|missing parameters?: \w+|invalid request parameter|Invalid request message|duplicated parameter|Unsupported (grant_type|response_mode|response_type)

first-admin https://www.keycloak.org/server/bootstrap-admin-recovery
Keycloak has no administrator yet, and lets one be made in the browser only from its own machine.
KC_BOOTSTRAP_ADMIN_USERNAME and KC_BOOTSTRAP_ADMIN_PASSWORD (before Keycloak 26 KEYCLOAK_ADMIN, KEYCLOAK_ADMIN_PASSWORD) at the first start, or kc.sh bootstrap-admin user.
= local access required|create (the|an) (initial|administrative) (admin )?user|no admin(istrator)? (user|account) .{0,30}(exist|found)

admin-console https://www.keycloak.org/server/hostname
The admin console does not get on: the browser reaches Keycloak under another address, scheme or port than Keycloak believes (its scripts and calls go elsewhere), or a proxy holds /admin, /realms, /resources or /js back.
Set KC_HOSTNAME (KC_HOSTNAME_ADMIN for a name of its own) to what the browser uses, KC_PROXY_HEADERS=xforwarded behind a proxy, and let it pass those paths.
= loading the admin (console|ui)|somethingWentWrong|network response was not ok|something went wrong.{0,80}(admin|console)
? /resources/\w+/.{0,200}\b(404|403)\b|\b(404|403)\b.{0,120}/resources/

theme https://www.keycloak.org/ui-customization/themes
A theme fails: a template or a resource is missing, or was written for another version of Keycloak.
Set the realm's themes back to keycloak (Realm settings > Themes), and compare the templates with those of this version.
~ failed to process template|freemarker|FTL stack trace|template not found|theme .{0,40}(not found|does not exist|missing)

memory https://www.keycloak.org/high-availability/multi-cluster/concepts-memory-and-cpu-sizing
Keycloak (or its container) ran out of memory.
Give the container a limit of 2 GB or more; Keycloak takes 70 % of it as heap.
= keycloak.{0,300}(OutOfMemoryError|OOMKilled|code 137|Java heap space)|(OutOfMemoryError|OOMKilled|code 137|Java heap space).{0,300}keycloak
? OutOfMemoryError|OOMKilled|exit(ed)? (with )?code 137|Java heap space

registration-policy https://www.keycloak.org/securing-apps/client-registration#_client_registration_policies
A client wants to register itself, and a policy of the realm does not allow it: its address is no trusted host, or it asks for a scope that is not allowed.
Clients > Client registration > Client registration policies: Trusted Hosts, Allowed Client Scopes. Or make the client by hand.
= Trusted Hosts|Allowed Client Scopes|Policy '.{3,40}' rejected|client registration .{0,40}(rejected|denied|not allowed)|registration access token

permissions https://www.keycloak.org/docs/latest/authorization_services/
Keycloak's authorization services said no: no permission grants it, the resource or scope does not exist, or the client has no authorization.
keycloak-guard authz why shows which policy decided. Clients > the client > Authorization > Evaluate.
= \bnot_authorized\b|invalid_resource|resource with id .{0,60}does not exist|client does not support permissions|request_submitted|invalid_permission|Resource server does not exist

offline https://www.keycloak.org/docs/latest/server_admin/#_offline-access
Offline tokens are not allowed for this user or client: the scope offline_access was asked for, and the user has not the role of that name.
Users > Role mapping: offline_access (usually by the realm's default roles), or do not ask for the scope.
= offline tokens not allowed

webauthn https://www.keycloak.org/docs/latest/server_admin/#webauthn_server_administration_guide
The passkey was not accepted: the person cancelled, the page is not on the host name of the passkey, or not on https.
Authentication > Policies > WebAuthn: Relying party ID = the host name of Keycloak (or empty); https or localhost.
= webauthn|NotAllowedError.{0,80}operation|relying party|\bRP ?ID\b

provider-missing https://www.keycloak.org/server/configuration-provider
Keycloak lacks a provider (an extension, a mapper, an authenticator) that the realm uses, or one that was built for another version.
Put the JAR for this version into providers/ and run kc.sh build; or take out what uses it. Features: KC_FEATURES.
~ failed to find provider|unable to find factory|no such provider|provider .{0,60}(not found|is not registered)|(ClassNotFoundException|NoClassDefFoundError|NoSuchMethodError|AbstractMethodError).{0,200}keycloak
? ClassNotFoundException|NoClassDefFoundError|NoSuchMethodError|AbstractMethodError

keycloak-failed https://www.keycloak.org/server/logging
Keycloak failed inside. What, stands in its log at that moment.
Look for the stack trace in Keycloak's log, and give its 'Caused by' to --explain.
? uncaught server error|unknown_error|Internal Server Error|unexpected error when|server_error

event https://www.keycloak.org/docs/latest/server_admin/#configuring-auditing-to-track-events
Keycloak logged that something failed. What, stands in type=, and why in error= of the line.
Look that word up in the client's and the realm's settings; more of it: KC_LOG_LEVEL=org.keycloak.events:debug, and Realm settings > Events.
? type="?[A-Z_]+_ERROR
`;
