import { createHash } from 'node:crypto';

/** SHA-256 of a file's text with CRLF and lone CR read as LF: Git may change those between two checkouts. */
export function checksum(text: string): string {
  return createHash('sha256').update(text.replace(/\r\n?/g, '\n')).digest('hex');
}

/** Of one statement's text; the space around it is not part of it. */
export const statementChecksum = (text: string): string => checksum(text.trim());
