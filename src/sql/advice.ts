import type { SyntaxFault } from './grammar.ts';

/** The grammar's words, and what was probably meant where that is known: psql's text, a template's, Git's. */
export function explain(text: string, fault: SyntaxFault): string {
  const rest = text.slice(fault.offset, fault.offset + 80);
  const variable = /^:['"]?[a-zA-Z_]\w*['"]?/.exec(rest)?.[0];
  if (variable !== undefined) return `${fault.message}: ${variable} is a psql variable, not SQL`;
  if (/^\$\{\w+\}/.test(rest))
    return `${fault.message}: placeholders are filled in where rungs.yaml has \`placeholders\``;
  if (/^(\{\{|\$\{)/.test(rest)) return `${fault.message}: templates are not filled in`;
  if (/^(<{7}|={7}|>{7})/.test(rest)) return `${fault.message}: a merge conflict is left in the file`;
  return fault.message;
}
