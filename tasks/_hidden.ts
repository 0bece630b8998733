/** What is secret is struck out of words that others have written: a command's output, a stack. */

/** As they are, and as they stand in a URL. Of one or two letters every word would have a hole, and it could be told from what is missing. */
export function hiding(secrets: readonly string[]): (text: string) => string {
  const all = secrets.filter((s) => s.length > 2).flatMap((s) => [s, encodeURIComponent(s)]);
  return (text) => all.reduce((t, s) => t.replaceAll(s, '***'), text);
}

const PASSWORDS: readonly (readonly [shape: RegExp, shown: string])[] = [
  // To the last @ of the word: a password may have one that should have been written %40.
  [/(:\/\/[^\s:/@]*):\S+@/g, '$1:***@'],
  [
    /((?:pass(?:word|wd|phrase)?|pwd)\s*=\s*)(?:'(?:[^'\\]|\\.)*(?:'|$)|"[^"]*(?:"|$)|(?:\\.|\S)+)/gi,
    '$1***',
  ],
  [/("[^"\s]*(?:pass(?:word|wd|phrase)?|pwd)"\s*:\s*)"(?:[^"\\]|\\.)*(?:"|$)/gi, '$1"***"'],
];

/** The same in a command's words, which may speak of connections that we know nothing of. */
export function hidingIn(secrets: readonly string[]): (text: string) => string {
  const known = hiding(secrets);
  return (text) => PASSWORDS.reduce((t, [shape, shown]) => t.replaceAll(shape, shown), known(text));
}

/** More of a command's last line is no help. */
const LONGEST = 300;

/** To be called with what is hidden already: of a secret that is cut in two, the first half would be shown. */
export function shortened(text: string): string {
  return text.length > LONGEST ? `${text.slice(0, LONGEST)} …` : text;
}
