/** The fields of PostgreSQL's ErrorResponse (protocol, "Error and Notice Message Fields"), as pg hands them over. */
export interface ServerError extends Error {
  /** In the server's language (lc_messages): for display only. */
  readonly severity: string;
  /** SQLSTATE. */
  readonly code: string;
  readonly detail?: string;
  readonly hint?: string;
  /** Counts characters of the message from 1; bytes where the database's encoding is SQL_ASCII. */
  readonly position?: string;
  readonly where?: string;
}

export function isServerError(e: unknown): e is ServerError {
  return e instanceof Error && 'severity' in e && typeof (e as { code?: unknown }).code === 'string';
}

/** What the server says besides its message; whose function it was, of an event trigger's for one, is in the context. */
export const furtherWords = ({ detail, hint, where }: ServerError): readonly string[] => [
  ...(detail === undefined ? [] : [`detail: ${detail}`]),
  ...(hint === undefined ? [] : [`server’s hint: ${hint}`]),
  ...(where === undefined ? [] : [`context: ${where.split('\n').slice(0, 6).join('; ')}`]),
];
