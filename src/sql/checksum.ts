import { createHash, hash } from 'node:crypto';

/** SHA-256 of bytes, or of a text's, in lower-case hex. */
export const digest = (bytes: string | Uint8Array): string => hash('sha256', bytes);

const unix = (text: string): string => (text.includes('\r') ? text.replace(/\r\n?/g, '\n') : text);

/** SHA-256 of a file's text with CRLF and lone CR read as LF: Git may change those between two checkouts. */
export const checksum = (text: string): string => digest(unix(text));

/** Of one statement's text; the space around it is not part of it. */
export const statementChecksum = (text: string): string => checksum(text.trim());

/** The same as `checksum` of a text that comes in pieces, as bytes. */
export class RunningChecksum {
  readonly #hash = createHash('sha256');
  /** The piece before ended in CR, which an LF may follow. */
  #afterCr = false;

  update(bytes: Buffer): void {
    if (bytes.length === 0) return;
    const rest = this.#afterCr && bytes[0] === 0x0a ? bytes.subarray(1) : bytes;
    this.#afterCr = bytes.at(-1) === 0x0d;
    const hasCr = rest.includes(0x0d);
    this.#hash.update(hasCr ? Buffer.from(unix(rest.toString('latin1')), 'latin1') : rest);
  }

  digest(): string {
    return this.#hash.digest('hex');
  }
}
