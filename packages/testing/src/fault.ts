/** An OAuth error answer: `{"error": …, "error_description": …}`. */
export class Fault extends Error {
  override readonly name = 'Fault';
  readonly statusCode: number;
  readonly error: string;
  readonly description: string | undefined;

  constructor(statusCode: number, error: string, description?: string) {
    super(description ?? error);
    this.statusCode = statusCode;
    this.error = error;
    this.description = description;
  }

  toBody(): { error: string; error_description?: string } {
    return {
      error: this.error,
      ...(this.description === undefined ? {} : { error_description: this.description }),
    };
  }
}

export const invalidGrant = (description: string) => new Fault(400, 'invalid_grant', description);
export const invalidRequest = (description: string) => new Fault(400, 'invalid_request', description);
/** Keycloak's answer where it met something that it did not expect. */
export const unexpected = () =>
  new Fault(500, 'unknown_error', 'For more on this error consult the server log.');
