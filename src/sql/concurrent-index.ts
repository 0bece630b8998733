import type { ConcurrentIndex } from '../migration.ts';
import type { Node, RangeVar } from './grammar.ts';
import { booleanOption } from './option.ts';
import { qualified } from './quote.ts';

/** What a failed CREATE INDEX or REINDEX CONCURRENTLY would leave INVALID; null for every other statement. */
export function concurrentIndex(node: Node): ConcurrentIndex | null {
  if ('IndexStmt' in node && node.IndexStmt.concurrent === true) {
    const { idxname, relation } = node.IndexStmt;
    // CREATE INDEX takes no schema for the index: it lands in its table's.
    const index = idxname === undefined ? null : sql({ ...relation, relname: idxname });
    return { verb: 'create', index, table: sql(relation) };
  }
  if ('ReindexStmt' in node && booleanOption(node.ReindexStmt.params, 'concurrently') === true) {
    const { kind, relation } = node.ReindexStmt;
    if (kind === 'REINDEX_OBJECT_INDEX') return { verb: 'reindex', index: sql(relation), table: null };
    if (kind === 'REINDEX_OBJECT_TABLE') return { verb: 'reindex', index: null, table: sql(relation) };
  }
  return null;
}

const sql = (name: RangeVar | undefined): string | null =>
  name === undefined ? null : qualified(name.catalogname, name.schemaname, name.relname);
