/** PostgreSQL's wire protocol (version 3), as far as a listener needs it: where a message ends, and what it says. */

export interface Frame {
  /** The type byte: Q a query, X the end, C a command's tag, E an error, Z ready. A start-up message has none: ''. */
  readonly type: string;
  /** Of a query its SQL, of a CommandComplete its tag, of an error or notice its message; else ''. */
  readonly text: string;
  readonly bytes: Buffer;
}

/** What the server says to a request for TLS or GSS that it cannot meet. */
export const NO_TLS = 'N';
const TLS_REQUESTS = [80877103, 80877104];

export const wantsTls = ({ type, bytes }: Frame): boolean =>
  type === '' && bytes.length === 8 && TLS_REQUESTS.includes(bytes.readInt32BE(4));

/** Cuts one direction of a connection into its messages, however the network has cut it. */
export function framesOf(from: 'client' | 'server'): (chunk: Buffer) => Iterable<Frame> {
  let rest: Buffer = Buffer.alloc(0);
  // The client speaks first, and until its real start-up message its messages have no type.
  let starting = from === 'client';
  return function* (chunk) {
    rest = Buffer.concat([rest, chunk]);
    for (;;) {
      const head = starting ? 0 : 1;
      if (rest.length < head + 4) return;
      const length = head + rest.readInt32BE(head);
      if (rest.length < length) return;
      const bytes = rest.subarray(0, length);
      rest = rest.subarray(length);
      const type = starting ? '' : bytes.toString('latin1', 0, 1);
      const frame = { type, text: textOf(type, bytes.subarray(head + 4), from), bytes };
      if (starting && !wantsTls(frame)) starting = false;
      yield frame;
    }
  };
}

function textOf(type: string, body: Buffer, from: 'client' | 'server'): string {
  if (from === 'client') return type === 'Q' ? body.toString('utf8', 0, body.length - 1) : '';
  if (type === 'C') return body.toString('utf8', 0, body.length - 1);
  if (type !== 'E' && type !== 'N') return '';
  // A field is a letter and a text that ends in NUL.
  const fields = body.toString('utf8').split('\0');
  return fields.find((field) => field.startsWith('M'))?.slice(1) ?? '';
}
