// The types that adapters hand on to users. What adapters are made of is in internal.ts.
export type { Connection } from './connections.ts';
export type { BackchannelLogoutOptions } from './messages.ts';
export type { SessionSettings } from './open-sessions.ts';
export type { KeycloakOptions, OnDenied } from './options.ts';
export type { PermissionSettings } from './permit-gate.ts';
export type { ProtectedResourceOptions } from './protected-resource.ts';
export type { Asking, AskingOptions, RequirementsOf } from './requirements.ts';
export type { AcceptUpgrade, SocketIoMiddleware, SocketIoSocket, UpgradeListener } from './sockets.ts';
