import { refTo, type Schema } from '../models.ts';

const error = (description: string): Schema => ({ ...refTo('HTTPError'), description });

/** Error answers that routes list in OpenAPI, by status. */
export const ERRORS: Readonly<Record<400 | 401 | 403 | 413 | 415 | 422 | 429 | 500 | 503, Schema>> = {
  400: error('The body is broken'),
  401: error('Not authenticated, or the token is not valid: `WWW-Authenticate` says which'),
  403: error('Not enough permissions'),
  413: error('The body is larger than 16 KiB'),
  415: error('The body is neither a form nor JSON'),
  422: { ...refTo('HTTPValidationError'), description: 'A field is missing or wrong' },
  429: error('Too many of them from one address: `Retry-After` says when to try again'),
  500: error('Something is wrong in this service or its set-up: the log says what'),
  503: error('Keycloak is unavailable: `Retry-After` says when to try again'),
};

/** A route of the guide, and how it takes its body. */
export const takes = <B extends Schema>(body: B) => ({
  tags: ['guide'],
  consumes: ['application/x-www-form-urlencoded', 'application/json', 'multipart/form-data'],
  body,
});
