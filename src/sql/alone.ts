import type { Node } from './grammar.ts';
import { booleanOption } from './option.ts';

/**
 * The statement's name if PostgreSQL refuses it in a transaction block (PreventInTransactionBlock in its source;
 * SQLSTATE 25001), else null. test/db/alone-statements.test.ts asks a real server about each.
 *
 * Three need the catalogue and are taken for the usual case: REINDEX and CLUSTER of a partitioned table are refused
 * though they are not here, and DROP SUBSCRIPTION is not where the subscription has no slot.
 */
export function aloneStatement(node: Node): string | null {
  if ('IndexStmt' in node) return node.IndexStmt.concurrent === true ? 'CREATE INDEX CONCURRENTLY' : null;
  if ('DropStmt' in node) return node.DropStmt.concurrent === true ? 'DROP INDEX CONCURRENTLY' : null;
  if ('ReindexStmt' in node) {
    if (booleanOption(node.ReindexStmt.params, 'concurrently') === true) return 'REINDEX CONCURRENTLY';
    return REINDEX_MANY[node.ReindexStmt.kind ?? ''] ?? null;
  }
  // ANALYZE is a VacuumStmt too.
  if ('VacuumStmt' in node) return node.VacuumStmt.is_vacuumcmd === true ? 'VACUUM' : null;
  if ('ClusterStmt' in node)
    return node.ClusterStmt.relation === undefined ? 'CLUSTER without a table' : null;
  if ('AlterTableStmt' in node)
    return detaches(node.AlterTableStmt.cmds) ? 'DETACH PARTITION CONCURRENTLY' : null;
  if ('AlterSystemStmt' in node) return 'ALTER SYSTEM';
  if ('DiscardStmt' in node) return node.DiscardStmt.target === 'DISCARD_ALL' ? 'DISCARD ALL' : null;
  if ('TransactionStmt' in node) return PREPARED[node.TransactionStmt.kind ?? ''] ?? null;
  return databaseStatement(node) ?? subscriptionStatement(node);
}

const REINDEX_MANY: Readonly<Record<string, string>> = {
  REINDEX_OBJECT_SCHEMA: 'REINDEX SCHEMA',
  REINDEX_OBJECT_SYSTEM: 'REINDEX SYSTEM',
  REINDEX_OBJECT_DATABASE: 'REINDEX DATABASE',
};

const PREPARED: Readonly<Record<string, string>> = {
  TRANS_STMT_COMMIT_PREPARED: 'COMMIT PREPARED',
  TRANS_STMT_ROLLBACK_PREPARED: 'ROLLBACK PREPARED',
};

const detaches = (commands: readonly Node[] | undefined): boolean =>
  (commands ?? []).some((command) => {
    const def = 'AlterTableCmd' in command ? command.AlterTableCmd.def : undefined;
    return def !== undefined && 'PartitionCmd' in def && def.PartitionCmd.concurrent === true;
  });

function databaseStatement(node: Node): string | null {
  if ('CreatedbStmt' in node) return 'CREATE DATABASE';
  if ('DropdbStmt' in node) return 'DROP DATABASE';
  if ('CreateTableSpaceStmt' in node) return 'CREATE TABLESPACE';
  if ('DropTableSpaceStmt' in node) return 'DROP TABLESPACE';
  if (!('AlterDatabaseStmt' in node)) return null;
  const moves = (node.AlterDatabaseStmt.options ?? []).some(
    (option) => 'DefElem' in option && option.DefElem.defname === 'tablespace',
  );
  return moves ? 'ALTER DATABASE SET TABLESPACE' : null;
}

/** Refused where they talk to the publisher, whose part could not be rolled back. */
function subscriptionStatement(node: Node): string | null {
  if ('DropSubscriptionStmt' in node) return 'DROP SUBSCRIPTION';
  if ('CreateSubscriptionStmt' in node) {
    const { options } = node.CreateSubscriptionStmt;
    // Creating a slot is the default where it connects.
    const creates = booleanOption(options, 'create_slot') ?? booleanOption(options, 'connect') ?? true;
    return creates ? 'CREATE SUBSCRIPTION' : null;
  }
  if (!('AlterSubscriptionStmt' in node)) return null;
  const { kind, options } = node.AlterSubscriptionStmt;
  if (kind === 'ALTER_SUBSCRIPTION_REFRESH') return 'ALTER SUBSCRIPTION REFRESH PUBLICATION';
  if (kind !== undefined && /_(SET|ADD|DROP)_PUBLICATION$/.test(kind)) {
    return (booleanOption(options, 'refresh') ?? true) ? 'ALTER SUBSCRIPTION with refresh' : null;
  }
  // Both change the slot; two_phase only when it is switched off.
  if (booleanOption(options, 'failover') !== null) return 'ALTER SUBSCRIPTION SET (failover)';
  return booleanOption(options, 'two_phase') === false ? 'ALTER SUBSCRIPTION SET (two_phase)' : null;
}
