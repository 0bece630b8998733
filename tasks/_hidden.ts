/** What is secret is struck out of words that others have written: a command's output, a stack. */

/** As they are, and as they stand in a URL. Of one or two letters every word would have a hole, and it could be told from what is missing. */
export function hiding(secrets: readonly string[]): (text: string) => string {
  const all = secrets.filter((s) => s.length > 2).flatMap((s) => [s, encodeURIComponent(s)]);
  return (text) => all.reduce((t, s) => t.replaceAll(s, '***'), text);
}

/** More of a command's last line is no help. */
const LONGEST = 300;

/** The same cut short, which comes after, as of a secret that is cut a part would be left. */
export function shortened(text: string): string {
  return text.length > LONGEST ? `${text.slice(0, LONGEST)} …` : text;
}
