import { createHash } from 'node:crypto';

/** SHA-256 of a text's bytes, in lower-case hex. */
export const digest = (text: string): string => createHash('sha256').update(text).digest('hex');

/** SHA-256 of a file's text with CRLF and lone CR read as LF: Git may change those between two checkouts. */
export const checksum = (text: string): string => digest(text.replace(/\r\n?/g, '\n'));

/** Of one statement's text; the space around it is not part of it. */
export const statementChecksum = (text: string): string => checksum(text.trim());
