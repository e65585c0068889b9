import { setTimeout as sleep } from 'node:timers/promises';
import { compile } from '@fastify/proxy-addr';
import { type FastifyInstance, fastify, LogController } from 'fastify';
import { AuthError, createCredential, createVerifier, type Notice, type Verifier } from 'keycloak-guard';
import { audit, type Observer } from 'keycloak-guard/audit';
import { createClient, type KeycloakClient } from 'keycloak-guard/client';
import { backchannelLogout, keycloakGuard } from 'keycloak-guard/fastify';
import { createRateLimit } from 'keycloak-guard/limits';
import { createReport, toAuditFields } from './audit/security-events.ts';
import { basePathOf, type Config, clientOptionsOf } from './config/config.ts';
import { loginController, logoutController, refreshController } from './controllers/auth-controller.ts';
import { useBrowserSessions } from './controllers/browser-sessions.ts';
import { type DocsLogin, docsController, docsSignIn } from './controllers/docs-controller.ts';
import { healthController } from './controllers/health-controller.ts';
import { homeController } from './controllers/home-controller.ts';
import { protectedController } from './controllers/protected-controller.ts';
import { collectOpenApi } from './docs/openapi.ts';
import { BODY_LIMIT_BYTES, readBodies } from './http/bodies.ts';
import { compileWhenNeeded } from './http/compilers.ts';
import { allowOrigins } from './http/cors.ts';
import { answerExpectations, handleErrors, onClientError, sendFrameworkError } from './http/error-handler.ts';
import { createKeycloakFetch } from './http/keycloak-fetch.ts';
import { answerUnknown } from './http/not-found.ts';
import { answerLoopbackNamesOnly, createRequestIds } from './http/requests.ts';
import { setHeaders } from './http/security-headers.ts';
import { boundCalls, createCallTurns, limitLogins } from './limits/keycloak-turns.ts';
import { closeUnread, limitConnections, serverLimits, shedLoad } from './limits/server-limits.ts';
import type { Logger } from './log/logger.ts';
import { MODEL_KEYWORDS, MODELS } from './models.ts';
import { createRequestLog, reportAnswers } from './observability/answers.ts';
import { addDrain, createClientCheck } from './readiness/readiness.ts';
import { createAuthService, createPasswordQueue } from './services/auth-service.ts';
import { createBreaker, isAway, probeOf, withBreaker } from './services/breaker.ts';
import { openSharedState, type SharedState } from './shared/shared-state.ts';

/** Parts that a test or an embedding program may bring along. */
export interface AppDeps {
  /** Default: nothing is logged. */
  readonly logger?: Logger | undefined;
  /** Default: made from the config. A given one is closed by its owner. */
  readonly verifier?: Verifier | undefined;
  /** Default: made from the config. */
  readonly client?: KeycloakClient | undefined;
  /** Answers only to `localhost` and the like in the `Host` header. Default false. */
  readonly loopbackNamesOnly?: boolean | undefined;
  /** Version in the OpenAPI document. */
  readonly version?: string | undefined;
  /** Filled into the form of `POST /login` on the docs page, where all can see it. Default: nothing. */
  readonly docsLogin?: DocsLogin | undefined;
}

/**
 * Builds the guide's API. It does not listen and reads no environment. The order of the lines is the order in which they
 * run.
 */
export async function buildApp(config: Config, deps: AppDeps = {}): Promise<FastifyInstance> {
  const app = createFastify(config);
  if (deps.logger !== undefined) app.log = deps.logger;

  const observers: Observer[] = [];
  if (config.auditLog && deps.logger !== undefined) {
    // At every LOG_LEVEL.
    const auditLog = audit(deps.logger.child({ name: 'audit' }, { level: 'info' }), { more: toAuditFields });
    observers.push(auditLog);
    app.addHook('onClose', async () => auditLog.close());
  }
  const shared = await openSharedState(config, deps.logger);
  if (shared !== undefined) app.addHook('onClose', async () => shared.close());
  const tracing = await openTracing(app, config, deps);
  if (tracing !== undefined) observers.push(tracing.observer);
  const metrics =
    config.metricsPort === undefined
      ? undefined
      : (await import('./observability/metrics.ts')).createMetrics();
  if (metrics !== undefined) observers.push(metrics.observer);
  const listeners = [createRequestLog(deps.logger), metrics?.onAnswered, tracing?.onAnswered];
  const answered = listeners.filter((one) => one !== undefined);
  reportAnswers(app, { answered, aborted: tracing?.onAborted });
  tracing?.traceRequests(app);
  if (deps.loopbackNamesOnly) answerLoopbackNamesOnly(app);
  const report = createReport(observers);
  const { verifier, client, breaker, clientCheck, credential } = await connect(
    app,
    config,
    deps,
    shared,
    observers,
  );

  const passwordQueue = createPasswordQueue({
    maxInFlight: config.loginMaxInFlight,
    maxWaiting: config.loginMaxWaiting,
    maxWaitMs: config.loginWaitMs,
  });
  const callTurns = createCallTurns(config);

  app.decorate('metrics', undefined);
  metrics?.collect(app, { queue: passwordQueue, callTurns, breaker, logger: deps.logger });
  limitConnections(app, config);
  closeUnread(app, 2 * config.requestTimeoutMs);
  answerExpectations(app);
  const draining = addDrain(app);
  setHeaders(app, draining);
  shedLoad(app);
  const sendUnknown = answerUnknown(app);
  handleErrors(app, credential.secrets, sendUnknown);
  readBodies(app);
  const basePath = basePathOf(config.publicUrl);
  for (const model of MODELS) app.addSchema(model);
  if (config.docs) {
    collectOpenApi(app, { version: deps.version ?? '0.0.0', basePath, dpop: config.dpop });
  }
  await app.register(keycloakGuard, {
    verifier,
    // The error handler does.
    logRefusals: false,
  });
  if (config.corsOrigins.length > 0) await allowOrigins(app, config, sendUnknown);
  const counted = { store: shared?.limits, secret: limitSecretOf(config) };
  const callLimit = createRateLimit({ name: 'call', limit: config.callsPerAddress, ...counted });
  boundCalls(app, callTurns, callLimit, report);
  await app.register(backchannelLogout);
  await useBrowserSessions(app, config, client, shared);

  await app.register(homeController, { issuer: verifier.issuer, basePath, hasDocs: config.docs });
  const auth = createAuthService(client, verifier, passwordQueue);
  const limits = limitLogins({ ...config, ...counted }, counted.secret, report);
  await app.register(loginController, { auth, limits, report });
  await app.register(refreshController, { auth, report });
  await app.register(logoutController, { auth, report });
  await app.register(protectedController);
  await app.register(healthController, { draining, clientCheck });
  if (!config.docs) return app;
  await app.register(docsSignIn, { ...config, client, issuer: verifier.issuer, report });
  await app.register(docsController, { clientId: config.clientId, basePath, login: deps.docsLogin });
  return app;
}

function createFastify(config: Config): FastifyInstance {
  const trustsProxy = config.trustProxy !== false && compile(config.trustProxy.split(','));
  return fastify({
    // With a logger, Fastify prepares every request for lines about it, which costs as much as the verification.
    logger: false,
    logController: new LogController({ disableRequestLogging: true }),
    genReqId: createRequestIds(trustsProxy),
    requestIdHeader: false,
    trustProxy: trustsProxy,
    bodyLimit: BODY_LIMIT_BYTES,
    ...serverLimits(config),
    return503OnClosing: false,
    ajv: {
      customOptions: {
        allErrors: true,
        coerceTypes: false,
        keywords: [...MODEL_KEYWORDS],
        // The models are ours: to compile the schema of schemas would take longer than all else of the first login.
        ...{ validateSchema: false, meta: false },
      },
    },
    schemaController: { compilersFactory: compileWhenNeeded() },
    frameworkErrors: sendFrameworkError,
    clientErrorHandler: onClientError,
  });
}

/** This service as verifier and client of Keycloak. Nothing is sent yet. */
async function connect(
  app: FastifyInstance,
  config: Config,
  deps: AppDeps,
  shared: SharedState | undefined,
  observers: readonly Observer[],
) {
  const fetch = createKeycloakFetch(config);
  const onNotice = ({ level, code, message, fix }: Notice): void => {
    deps.logger?.[level]({ code, fix }, message);
    if (code === 'recheck_misconfigured') clientCheck.askAgain();
    if (code === 'keys_loaded') clientCheck.keycloakIsThere();
  };
  const own = clientOptionsOf(config);
  const credential = createCredential({ clientId: own.clientId, credential: own.credential, onNotice });
  const { issuer, audience, tokenCheck, recheckSeconds, maxCachedTokens, dpop, publicUrl } = config;
  const verifier =
    deps.verifier ??
    createVerifier({
      ...{ ...own, issuer, audience, tokenCheck, recheckSeconds, maxCachedTokens, dpop, publicUrl },
      ...{ credential, fetch, onNotice, observers, revocationStore: shared?.revocations },
    });
  const breaker = createBreaker({
    probe: probeOf(verifier.issuer.endpoints.discovery, config.timeoutMs),
    onOutcome: (error) => {
      if (error && isAway(error))
        verifier.outage.failed('calls', new AuthError('provider_unavailable', error.diagnosis.cause));
      else verifier.outage.answered('calls');
      clientCheck.note(error);
    },
  });
  const plainClient =
    deps.client ?? createClient({ ...own, credential, fetch, issuer: verifier.issuer, observers });
  const client = withBreaker(plainClient, breaker);
  const clientCheck = createClientCheck({ client: plainClient, logger: deps.logger });
  app.decorate('checkClient', () => clientCheck.start());
  app.addHook('onClose', async () => clientCheck.close());
  const events = config.events ? (await import('keycloak-guard/events')).startEvents(verifier) : undefined;
  if (events !== undefined) app.addHook('onClose', () => events.close());
  app.decorate('whenKnowing', async (timeoutMs: number) => {
    // Nothing listens yet: the timer keeps the process alive.
    const done = new AbortController();
    const patience = sleep(timeoutMs, undefined, { signal: done.signal }).catch(() => {});
    const caughtUp = shared?.revocations.whenCaughtUp?.(timeoutMs);
    await Promise.race([Promise.all([caughtUp, events?.ready]), patience]);
    done.abort();
  });
  if (deps.verifier === undefined) app.addHook('onClose', () => verifier.close());
  return { verifier, client, breaker, clientCheck, credential };
}

/** Longest wait for the collector at shutdown. Unit: milliseconds. */
const LONGEST_FLUSH_MS = 2_000;

/** Loads OpenTelemetry if it is switched on; its modules cost start-up time. */
async function openTracing(
  app: FastifyInstance,
  { tracing: { exporter, problem }, shutdownTimeoutMs }: Config,
  { logger, version = '0.0.0' }: AppDeps,
) {
  if (problem !== undefined) logger?.warn(`no traces: ${problem}`);
  if (exporter === 'off') return undefined;
  const { startTracing } = await import('./observability/tracing.ts');
  const tracing = startTracing({ exporter }, { version, logger });
  app.addHook('onClose', () => tracing.close(Math.min(LONGEST_FLUSH_MS, shutdownTimeoutMs / 2)));
  return tracing;
}

/** The same in all replicas: names and addresses are hashed with it before they leave this process. */
function limitSecretOf({ clientSecret, sessionSecrets, redisUrl, clientId }: Config): string {
  const [session] = Array.isArray(sessionSecrets) ? sessionSecrets : [];
  // Without Redis nothing leaves this process.
  return clientSecret ?? session ?? redisUrl ?? clientId;
}
