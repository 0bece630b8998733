/** A comment without its marks. `offset` is the UTF-16 index of what `text` begins with. */
export interface Comment {
  readonly text: string;
  readonly offset: number;
}

/**
 * The comments from an index up to the next token of a statement. The lexical rules are PostgreSQL's (scan.l): a line
 * comment ends at LF or CR, block comments nest, and its white space is ASCII.
 */
export function* comments(text: string, from: number): Generator<Comment> {
  const filler = /[ \t\n\r\f\v;]+|--([^\n\r]*)|\/\*/y;
  filler.lastIndex = from;
  for (let match = filler.exec(text); match !== null; match = filler.exec(text)) {
    const body = match[0] === '/*' ? block(text, filler.lastIndex) : match[1];
    if (body === undefined) continue;
    const offset = match.index + 2;
    yield { text: body, offset };
    filler.lastIndex = offset + body.length + (match[0] === '/*' ? 2 : 0);
  }
}

/** What is between a block comment's marks; `from` is after the opening one. */
function block(text: string, from: number): string {
  const mark = /\/\*|\*\//g;
  mark.lastIndex = from;
  let depth = 1;
  for (let match = mark.exec(text); match !== null; match = mark.exec(text)) {
    depth += match[0] === '/*' ? 1 : -1;
    if (depth === 0) return text.slice(from, match.index);
  }
  return text.slice(from);
}
