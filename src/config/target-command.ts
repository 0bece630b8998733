/** The commands of a hint for one target of a fleet: as they stand, they would be about the configured database. */

import { pathOption } from '../sql/search-path.ts';
import { isConninfo } from './conninfo.ts';
import { hasPassword, MASK, masked } from './masked.ts';
import { shellWord } from './shell-word.ts';
import type { Target } from './target.ts';

/** Those that connect, with what is behind them. `task migrate` is no such: what it is about, a fleet does for all. */
const COMMANDS =
  /`((?:task migrate:|rungs )(?:adopt|baseline|down|force|goto|redo|rollback|status|verify|version)\b)([^`]*)`/g;

/** Each command names the target. A password is in none: where it has one, that is said. */
export function aimed(hint: string, target: Target): string {
  if (target.isPathEnough && target.path !== null) {
    const options = shellWord(pathOption(target.path));
    return hint.replaceAll(COMMANDS, (_all, command, rest) => `\`PGOPTIONS=${options} ${command}${rest}\``);
  }
  const url = withoutPassword(target);
  const named = hint.replaceAll(COMMANDS, (_all, command: string, rest: string) => {
    const dashes = command.startsWith('task ') && !rest.startsWith(' -- ') ? ' --' : '';
    return `\`${command}${rest}${dashes} --database ${url === null ? 'URL' : shellWord(url)}\``;
  });
  if (named === hint) return hint;
  if (url === null) return `${named}; URL is the connection string of ${target.where}`;
  return hasPassword(target.url) ? `${named}; its password is to be put into the connection string` : named;
}

/** Null where it is not certain where the password is. */
function withoutPassword({ url, schema, path }: Target): string | null {
  const shown = masked(url);
  if (shown === MASK) return null;
  const own = schema === null ? null : path;
  return isConninfo(shown) ? pairsOf(shown, own) : uriOf(shown, own);
}

function pairsOf(text: string, path: string | null): string {
  const bare = text.replaceAll(/\b(ssl)?password=\*{3}(\s+|$)/g, '').trim();
  if (path === null) return bare;
  const others = bare
    .replace(/\bsearch_path\s*=\s*('(?:[^'\\]|\\[\s\S])*'|(?:[^\s\\]|\\[\s\S])*)\s*/, '')
    .trim();
  return `${others} search_path='${path.replaceAll(/[\\']/g, '\\$&')}'`;
}

function uriOf(text: string, path: string | null): string {
  const [front = '', ...query] = text.split('?');
  const others = query
    .join('?')
    .split('&')
    .filter((pair) => pair !== '' && !/^(ssl)?password=/.test(pair))
    .filter((pair) => path === null || !/^search_path=/.test(pair));
  const all = path === null ? others : [...others, `search_path=${encodeURIComponent(path)}`];
  const bare = front.replace(`:${MASK}@`, '@');
  return all.length === 0 ? bare : `${bare}?${all.join('&')}`;
}
