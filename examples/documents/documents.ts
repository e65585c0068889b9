// Documents with owners, who share them. Knows no framework: the two doors, fastify.ts and express.ts, are beside it.
import { randomUUID } from 'node:crypto';
import type { PermissionOf } from '@keycloak-guard/cli';
import type { Principal } from 'keycloak-guard';
import { createShares, type Permissions, type PermitRule } from 'keycloak-guard/authz';
import type authorization from './authz.ts';

// A permission that is not in the file does not compile.
export const CREATE: PermissionOf<typeof authorization> = 'documents#create';
const ADMINISTER: PermissionOf<typeof authorization> = 'documents#administer';

export interface Document {
  readonly id: string;
  /** User id (`sub`). */
  readonly owner: string;
  /** Of the document as a resource in Keycloak. */
  readonly resourceId: string;
  title: string;
  text: string;
}

/** Where Keycloak is, and as whom the API asks it. */
export interface DocumentsOptions {
  readonly serverUrl: string;
  readonly realm: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** How long an answer is used. Default 30. */
  readonly permissionSeconds?: number;
}

export interface Sharing {
  /** User id (`sub`). */
  readonly with: string;
  readonly scope: 'view' | 'edit';
}

/** What may be done with a document beside by its owner: whoever it is shared with may, and every admin. */
export type Act = 'view' | 'edit' | 'administer';

export function createDocuments(permissions: Permissions, register: RegisterResource) {
  // A database, in an application.
  const documents = new Map<string, Document>();
  const shares = createShares(permissions);
  const find = (id: string): Document | undefined => documents.get(id);

  return {
    find,

    /** The rule of a route. Of a document that is not there an admin is told so; everybody else is told the same of all. */
    ruleFor(id: string, act: Act): PermitRule {
      const document = find(id);
      if (document === undefined || act === 'administer') return ADMINISTER;
      return { anyOf: [{ resourceId: document.resourceId, scope: act }, ADMINISTER] };
    },
    ownerOf: (id: string): string | undefined => find(id)?.owner,

    /** What somebody owns, and what others let them view. */
    async list(who: Principal): Promise<Document[]> {
      const granted = await permissions.list(who);
      const shared = new Set(granted.flatMap(({ id, scopes }) => (scopes.includes('view') ? [id] : [])));
      const all = [...documents.values()];
      return all.filter(({ owner, resourceId }) => owner === who.subject || shared.has(resourceId));
    },

    async create(who: Principal, token: string, input: unknown): Promise<Document> {
      const { title, text } = toContent(input);
      const id = randomUUID();
      const resourceId = await register(token, `document ${id}`);
      const document = { id, owner: String(who.subject), resourceId, title, text };
      documents.set(id, document);
      return document;
    },
    change(id: string, input: unknown): Document | undefined {
      const document = find(id);
      return document && Object.assign(document, toContent(input));
    },
    /** An application deletes the resource in Keycloak too, with its shares: by the protection API, as itself. */
    remove: (id: string): boolean => documents.delete(id),

    /** Keycloak is asked whose it is, whatever this application believes. */
    async share(who: Principal, id: string, input: unknown): Promise<void> {
      await shares.grant(who, toTarget(find(id), input));
    },
    async unshare(who: Principal, id: string, input: unknown): Promise<void> {
      await shares.revoke(who, toTarget(find(id), input));
    },
    async sharesOf(who: Principal, id: string): Promise<Sharing[]> {
      const document = find(id);
      if (document === undefined) return [];
      const all = await shares.list(who, { resourceId: document.resourceId, isGranted: true });
      return all.map(({ requester, scope }) => ({ with: requester, scope: scope as 'view' | 'edit' }));
    },
  };
}

export type Documents = ReturnType<typeof createDocuments>;

/** The caller sent what this API does not take. */
export class BadInput extends Error {
  readonly statusCode = 422;
}

function toContent(input: unknown): Pick<Document, 'title' | 'text'> {
  const { title, text } = (input ?? {}) as Partial<Record<string, unknown>>;
  if (typeof title !== 'string' || typeof text !== 'string')
    throw new BadInput('A document has a title and a text');
  return { title, text };
}

/** For a document that is not there Keycloak is asked too: the answer is the same as for one of somebody else. */
const NO_RESOURCE = '00000000-0000-0000-0000-000000000000';

function toTarget(document: Document | undefined, input: unknown) {
  const { with: requester, scope } = (input ?? {}) as Partial<Record<string, unknown>>;
  if (typeof requester !== 'string' || (scope !== 'view' && scope !== 'edit'))
    throw new BadInput('A share has the id of a user, and the scope view or edit');
  return { resourceId: document?.resourceId ?? NO_RESOURCE, requester, scope };
}

/** Registers a document in Keycloak, as its owner. Resolves to the id of the resource. */
export type RegisterResource = (token: string, name: string) => Promise<string>;

/**
 * By the protection API, with the owner's own token: what it registers belongs to whoever calls it. The token has to be issued to
 * the client of this API (`azp`), and its user needs the client role `uma_protection`, for example by the realm's default roles.
 */
export function registerAt(issuer: string): RegisterResource {
  return async (token, name) => {
    const response = await fetch(`${issuer}/authz/protection/resource_set`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ name, resource_scopes: ['view', 'edit'], ownerManagedAccess: true }),
      signal: AbortSignal.timeout(5000),
    });
    const { _id: id } = (await response.json()) as { _id?: string };
    if (id === undefined) throw new Error(`Keycloak registers no document: HTTP ${response.status}`);
    return id;
  };
}
