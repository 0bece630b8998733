import { isFault, type Node, parse, type SyntaxFault } from './grammar.ts';
import { at } from './position.ts';

/** The grammar's words, and what was probably meant where that is known: psql's text, a template's, Git's. */
export async function explain(text: string, fault: SyntaxFault): Promise<string> {
  const copy = await copyBefore(text, fault.offset);
  if (copy !== null) return `${fault.message}: ${inlineData(at(text, copy).line)}`;
  const rest = text.slice(fault.offset, fault.offset + 80);
  const command = /^\\[a-zA-Z!?.]\w*/.exec(rest)?.[0];
  if (command !== undefined)
    return `${fault.message}: ${command} is a psql meta-command, not SQL${fromDump(command)}`;
  const variable = /^:['"]?[a-zA-Z_]\w*['"]?/.exec(rest)?.[0];
  if (variable !== undefined) return `${fault.message}: ${variable} is a psql variable, not SQL`;
  if (/^(\{\{|\$\{)/.test(rest)) return `${fault.message}: templates are not filled in`;
  if (/^(<{7}|={7}|>{7})/.test(rest)) return `${fault.message}: a merge conflict is left in the file`;
  return fault.message;
}

export const inlineData = (line: number): string =>
  `the inline data of COPY ... FROM STDIN at line ${line} is not supported yet; write INSERT statements`;

export const isCopyFromStdin = (node: Node): boolean =>
  'CopyStmt' in node && node.CopyStmt.is_from === true && node.CopyStmt.filename === undefined;

/** pg_dump has written these since August 2025 (18, 17.6, 16.10, ...). */
const fromDump = (command: string): string =>
  /^\\(un)?restrict$/.test(command) ? '; pg_dump writes it: delete the line' : '';

/**
 * Where the COPY ... FROM STDIN begins whose data the grammar stumbled over, if that was it: the last one before the
 * fault. To psql, all that follows one is data; whether it is one is for the grammar to say, not for a pattern.
 */
async function copyBefore(text: string, fault: number): Promise<number | null> {
  let end = 0;
  for (const match of text.matchAll(/\bfrom\s+stdin\b/gi)) {
    if (match.index < end) continue;
    const semicolon = text.indexOf(';', match.index);
    if (semicolon < 0 || semicolon >= fault) break;
    end = semicolon + 1;
  }
  const parsed = end === 0 ? [] : await parse(text.slice(0, end));
  const last = isFault(parsed) ? undefined : parsed.at(-1);
  return last !== undefined && isCopyFromStdin(last.node) ? last.start : null;
}
