/** The layouts there are, and which one a folder is of. */

import type { Layout, Migration, Problem } from '../migration.ts';
import * as named from './named.ts';
import * as pairs from './pairs.ts';
import * as repeatable from './repeatable.ts';
import * as script from './script.ts';

interface Rules {
  /** Whether a name is one to read at all, and if not, whether the user should hear of it. */
  readonly classify: (name: string) => 'run' | 'ignore' | { readonly why: string };
  /** Files come in any order; migrations leave in the order in which they are applied. */
  readonly arrange: (files: readonly pairs.NamedFile[]) => {
    readonly migrations: readonly Migration[];
    readonly repeatable: readonly Migration[];
    readonly problems: readonly Problem[];
  };
}

export const RULES: Readonly<Record<Layout, Rules>> = {
  pairs: withRepeatables(pairs.classify, pairs.pair),
  named: withRepeatables(named.classify, named.order),
  script: {
    classify: script.classify,
    arrange: (files) => ({ migrations: files.map(script.scriptOf), repeatable: [], problems: [] }),
  },
};

function withRepeatables(
  classify: Rules['classify'],
  arrange: (files: readonly pairs.NamedFile[]) => Omit<ReturnType<Rules['arrange']>, 'repeatable'>,
): Rules {
  return {
    classify: (name) => repeatable.classify(name) ?? classify(name),
    arrange: (files) => {
      const once = arrange(files.filter((f) => !repeatable.isOurs(f)));
      const again = repeatable.order(files.filter(repeatable.isOurs));
      return { ...once, ...again, problems: [...once.problems, ...again.problems] };
    },
  };
}

/**
 * A script is alone, or beside repeatables, of which it has none. One pair makes a folder one of pairs, beside which golang-migrate passes over other files: they are warned of. Null
 * where those are more: then nobody can say what the folder is meant to be.
 */
export function layoutOf(names: readonly string[]): Layout | null {
  const inPairs = names.filter(pairs.isPair).length;
  // One dot: `2-b.up.sql` was meant to be one of a pair.
  const others = names.filter((name) => /^[0-9]+[_-][^.]*\.sql$/i.test(name));
  const sql = names.filter((name) => /\.sql$/i.test(name) && repeatable.classify(name) === null);
  if (sql.length === 1 && sql[0] === script.SCRIPT) return 'script';
  if (inPairs === 0) return others.length > 0 ? 'named' : 'pairs';
  return others.length <= inPairs ? 'pairs' : null;
}
