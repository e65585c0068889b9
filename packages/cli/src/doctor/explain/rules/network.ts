import { table } from '../rule.ts';

/** What browsers, proxies and the network say. */
export const NETWORK_RULES = table`
redirected https://developer.mozilla.org/docs/Web/HTTP/Reference/Status#redirection_messages
The address that a program calls answers with a redirect, which it does not follow: http where https is wanted, a slash or a path missing, another host name, or a login page of a proxy.
Put the address to which it redirects into the settings. Programs must get /realms/ and the API without a login in front.
= status(code)?[ =:]+30[12378]\b|\b30[12378] (moved|found|temporary|permanent)|unexpected redirect|(returned|got|with) (a )?(status )?30[12378]\b

cors-preflight-redirect https://developer.mozilla.org/docs/Web/HTTP/Guides/CORS/Errors
The browser asked the API first (OPTIONS), and got a redirect: a guard or a proxy sends requests without a token to a login page, or http to https.
Let OPTIONS pass before the guard, answer an API's requests with 401 and never with a redirect, and call the address to which it redirects in the first place.
= redirect is not allowed for a preflight|preflight .{0,80}redirect

cors-preflight https://developer.mozilla.org/docs/Web/HTTP/Guides/CORS/Errors/CORSPreflightDidNotSucceed
The browser asked the API first (OPTIONS), and the answer does not allow what it wants: it is not 2xx (the guard wants a token of a request that carries none), or the header Authorization or the method is not in it.
CORS before the guard: the exact origin, Access-Control-Allow-Headers: authorization, content-type, and the methods. Try it: keycloak-guard doctor --spa CLIENT --origin URL --route API
= does not have http ok status|request header field \S+ is not allowed|access-control-allow-(headers|methods)|method \S+ is not allowed by|CORS preflight .{0,40}(did not succeed|failed)|preflight (request )?(is|was) .{0,20}(missing|invalid|fail)|response to preflight .{0,80}(doesn't|does not) pass

cors-twice https://developer.mozilla.org/docs/Web/HTTP/Guides/CORS/Errors/CORSMultipleAllowOriginNotAllowed
The answer has the header Access-Control-Allow-Origin twice or with *, where cookies are sent: proxy and application both set it.
Let one of them set it, to the exact origin.
= contains multiple values|must not be the wildcard|multiple .{0,30}allow-origin|wildcard .{0,40}credentials

cors https://developer.mozilla.org/docs/Web/HTTP/Guides/CORS/Errors/CORSMissingAllowOrigin
The browser does not show the page the answer: the server did not name the page's origin (Access-Control-Allow-Origin). From Keycloak: the origin is not among the client's web origins, or the request failed before Keycloak knew the client (wrong realm, a 404, a redirect to the login). From an own API: no CORS, or an error page without it. A login is a navigation, never a fetch.
Keycloak: Clients > the client > Web origins: the exact origin, without path or slash at the end ('+' takes the redirect URIs). API: CORS before the guard. If fetch was sent to the login page: navigate instead (location.href), and answer API calls with 401.
= blocked by cors policy|cross-origin request blocked(?!.{0,300}did not succeed)|is not allowed by access-control-allow-origin|no 'access-control-allow-origin'|invalid origin|CORS header .{0,30}missing|cors error|not allow CORS
? failed to fetch|networkerror when attempting|load failed|Network Error$|XHR error|status ?: ?0\b|Unknown Error
= login-status-iframe.{0,100}403|403.{0,160}login-status-iframe

mixed-content https://www.keycloak.org/server/reverseproxy
A page on https asks for an address on http, and the browser does not: Keycloak does not know that a proxy in front ends TLS, and builds http addresses, or the settings have http.
Keycloak: KC_PROXY_HEADERS=xforwarded, X-Forwarded-Proto: https from the proxy, KC_HOSTNAME=https://…; https in the settings of the application.
= mixed content|requested an insecure|insecure (resource|content|XMLHttpRequest)|form .{0,60}is being submitted .{0,40}insecure|mixed (active|passive|display|downloadable) content

csp https://developer.mozilla.org/docs/Web/HTTP/Guides/CSP
The page's own Content-Security-Policy does not allow it to call that address.
Add Keycloak's origin to connect-src (and to frame-src for a silent sign-in) of the application's policy; form-action, where the login form is refused.
= content security policy directive|violates the following content security policy|connect-src|form-action|frame-src

third-party-cookies https://www.keycloak.org/securing-apps/javascript-adapter#_modern_browsers
The browser keeps the cookies of Keycloak apart or blocks them, since it is another site than the application: silent sign-in and the session check do not see the session. The sign-in itself is not affected.
Put both below one domain (app.example, sso.example), or do without the frame: checkLoginIframe: false, refresh tokens.
= third-party cookie|3rd party cookie|partitioned cookie|storage access|cookie .{0,80}(foreign|partitioned)|cookie .{0,80}cross-site context
? 3p-cookies

cleartext https://developer.android.com/privacy-and-security/security-config
The phone does not allow plain http.
https for Keycloak; for development alone android:usesCleartextTraffic or NSAllowsLocalNetworking. An emulator reaches the computer as 10.0.2.2.
= CLEARTEXT_NOT_PERMITTED|cleartext (http )?(traffic|communication)|App Transport Security|NSURLErrorDomain.{0,20}-1022

tls-expired https://www.keycloak.org/server/enabletls
The certificate of the server has expired (or the clock here is wrong).
Renew it.
= certificate has expired|CERT_HAS_EXPIRED|CertificateExpired|NotAfter:|CERT_DATE_INVALID|validity check failed|certificate (is )?(not yet valid|expired)|expired certificate

tls-untrusted https://www.keycloak.org/server/keycloak-truststore
The certificate of the server is not trusted by the program that calls: self-signed, of an own authority, or sent without the certificate in between.
Give the authority to the program: Node NODE_EXTRA_CA_CERTS, Java a truststore (javax.net.ssl.trustStore), Python REQUESTS_CA_BUNDLE or verify=, Go and curl SSL_CERT_FILE, .NET and containers the system store, oauth2-proxy --provider-ca-file, Keycloak KC_TRUSTSTORE_PATHS. Let the server send the whole chain. Do not switch verification off.
= PKIX path|self[- ]signed certificate|UNABLE_TO_(VERIFY|GET)|DEPTH_ZERO|unable to (get local issuer|verify the first)|certificate signed by unknown authority|CERTIFICATE_VERIFY_FAILED|certificate verify failed|ERR_CERT_AUTHORITY|UntrustedRoot|remote certificate is invalid|unable to find valid certification path|CertPathValidator|x509: .{0,60}(unknown|not trusted)|SSLHandshakeException.{0,160}cert
= trust anchor|could not establish trust relationship|unable to get issuer cert|certificate unknown|cURL error (60|77)|ssl certificate problem|failed to verify the legitimacy
? CORS request did not succeed

tls-name https://www.keycloak.org/server/enabletls
The certificate is for another host name than the one that is called.
Call Keycloak by a name that is in its certificate, or let the certificate have this one.
= ALTNAME_INVALID|not in the cert's list|certificate is (not )?valid for|doesn't match the certificate|no subject alternative|hostname .{0,60}(doesn't|does not) match|NAME_INVALID|No name matching|RemoteCertificateNameMismatch|certificate is for another|doesn't contain any IP SANs

tls-protocol https://www.keycloak.org/server/enabletls
One side speaks https and the other http: the scheme or the port in the address is wrong.
Keycloak: 8080 is http, 8443 https. Correct scheme or port, in the settings or in the proxy (proxy_pass http://…).
= wrong version number|packet length too long|unsupported or unrecognized ssl|plaintext connection|EPROTO|plain http request was sent to https|server gave HTTP response to HTTPS client|ERR_SSL_PROTOCOL|not an SSL/TLS record|SSL routines|SSLError.{0,60}WRONG_VERSION|record layer failure|first record does not look like a TLS|sent an HTTP request to an HTTPS|cURL error 35\b

upstream https://www.keycloak.org/server/reverseproxy
A proxy answered in the place of the server behind it: that one is not reached, still starts, or broke off.
Look at the proxy's log for the address it tried, and try it from the proxy's machine. In Docker and Kubernetes: the name of the service, the port of the container, http or https.
= 502 bad gateway|503 service (temporarily )?unavailable|504 gateway time-?out|while connecting to upstream|upstream connect error|host not found in upstream|no live upstreams|upstream prematurely closed|upstream timed out|no healthy upstream|auth request unexpected status: 5\d\d|Bad Gateway|error code: 52\d|service unavailable|gateway time-?out

proxy-route https://www.keycloak.org/server/reverseproxy
The proxy has no route for this host name and path: the address was never passed on.
Compare Host and path with the rules of the proxy (Traefik: Host() and the network of the container; Ingress: host, ingressClassName; Kong: hosts, paths), and let /realms/, /resources/ and /js/ pass.
= default backend - 404|404 page not found|no route matched|no matching (route|virtual host|router)|route not found

auth-request https://nginx.org/en/docs/http/ngx_http_auth_request_module.html
nginx' auth_request got a status that is neither 2xx, 401 nor 403 (often a redirect or a 404): the address it asks is not the one that judges.
Let proxy_pass of the auth location point at the endpoint that answers 202 or 401 (oauth2-proxy: /oauth2/auth), without the body (proxy_pass_request_body off).
= auth request unexpected status: [234]

unreachable https://www.keycloak.org/server/containers
Nothing listens at that address: Keycloak is not running or still starts, the port is wrong, or localhost in a container, which is the container itself.
Start Keycloak, wait until it is ready. In Docker use the name of the service (http://keycloak:8080), for a Keycloak on the computer host.docker.internal.
= ECONNREFUSED|connection refused|actively refused|ERR_CONNECTION_REFUSED|can't connect to server|failed to connect to|No connection could be made|HTTPConnectionPool|OIDC server is not available|could(n't| not) connect to|no route to host|network is unreachable|EHOSTUNREACH|ENETUNREACH|HostUnreachable|could not reach|connection[ _]failed|ConnectException|failed to connect|cURL error 7\b
? CORS request did not succeed|fetch failed|no response|unable to invoke request|request failed(?! with status)|network error|NetworkError

unresolvable https://www.keycloak.org/server/hostname
The host name does not resolve there: misspelt, another Docker network or namespace, or a name of the containers in the browser.
Both containers in one network, and the name of the service. A browser needs a public name: KC_HOSTNAME.
= \bENOTFOUND\b|EAI_AGAIN|no such host|name or service not known|UnknownHost|temporary failure in name resolution|getaddrinfo|nodename nor servname|ERR_NAME_NOT_RESOLVED|could not resolve host|Failed to resolve|NameResolutionError|No such host is known|server misbehaving|cURL error 6\b|name could not be resolved

timeout https://www.keycloak.org/server/reverseproxy
There was no answer in time: a firewall drops the packets, the address leads nowhere from there, or Keycloak is overloaded or starts.
curl -i the address from the machine or container that calls. Raise the time limit only if it answers slowly (next-auth: httpOptions.timeout).
= ETIMEDOUT|ERR_CONNECTION_TIMED_OUT|UND_ERR_(CONNECT|HEADERS)_TIMEOUT|outgoing request timed out|context deadline exceeded|connect(ion)? timed out|i/o timeout|read timed out|SocketTimeout|ConnectTimeout|timeout of \d+ ?ms exceeded|request timed out|TimeoutError|Timeout was reached|ReadTimeout|cURL error 28\b

connection-broken https://www.keycloak.org/server/reverseproxy
The connection broke before the answer was whole: Keycloak or a proxy was restarted, closed an idle connection, or one side wants https.
Once in a while: try again. Always: scheme and port, and the log of the proxy.
= ECONNRESET|socket hang up|connection reset|ERR_EMPTY_RESPONSE|other side closed|broken pipe|EPIPE|RemoteDisconnected|unexpected end of (file|stream)|UND_ERR_SOCKET|: EOF\b|ConnectionResetError|unexpected EOF|NoHttpResponse|stream closed|(?<!upstream )premature(ly)? close

html-for-json https://developer.mozilla.org/docs/Web/JavaScript/Reference/Errors/JSON_bad_parse
HTML came where JSON was expected: a login page (the session is over and a redirect was followed), an error page of a proxy, or the start page of a single-page app in place of the API.
Look at the address and the first lines of the answer. An API answers 401 and does not redirect; a proxy sends the API's path to the API.
= unexpected token '?<|<!doctype.{0,30}is not valid json|invalid character '<'|text/html.{0,60}(expected|json)|unexpected response content-type|no suitable HttpMessageConverter|could not extract response.{0,80}text/html|Unexpected character \('<'|JSONDecodeError|Expecting value: line 1 column 1|expected json|(no|without) access.?token found.{0,20}<|unexpected content.?type|content.?type .{0,40}text/html
= <(html|!doctype html|head)\b
`;
