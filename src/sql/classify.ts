import type { Statement } from '../migration.ts';
import { aloneStatement } from './alone.ts';
import { concurrentIndex } from './concurrent-index.ts';
import type { FuncCall, Node, SelectStmt } from './grammar.ts';
import { booleanOption } from './option.ts';

/** What one statement means for how its file is run. */
export interface Classified
  extends Pick<Statement, 'run' | 'session' | 'limits' | 'concurrentIndex' | 'patient'> {
  /** Its name if it begins or ends a transaction: then the file cannot live in ours. */
  readonly control: string | null;
  /** Its name if PostgreSQL refuses it in a transaction: then the file needs to be resumable. */
  readonly alone: string | null;
}

export function classify(node: Node): Classified {
  const control = 'TransactionStmt' in node ? (CONTROL[node.TransactionStmt.kind ?? ''] ?? null) : null;
  const alone = aloneStatement(node);
  const mayNeedIt = MAY_NEED_IT.some((kind) => kind in node);
  return {
    run: control !== null || alone !== null || mayNeedIt ? 'alone' : 'transaction',
    session: setsSession(node),
    limits: setsSession(node) && setsLockTimeout(node),
    concurrentIndex: concurrentIndex(node),
    patient: isPatient(node, alone),
    control,
    alone,
  };
}

/** VACUUM FULL takes its table for itself, as all the others do that are not CONCURRENTLY. */
function isPatient(node: Node, alone: string | null): boolean {
  if ('VacuumStmt' in node) return alone !== null && booleanOption(node.VacuumStmt.options, 'full') !== true;
  return alone?.endsWith(' CONCURRENTLY') === true;
}

/**
 * Which DO and CALL commit is in the function's body, and which REINDEX and CLUSTER are of a partitioned table is in the
 * catalogue. Most do not and are not: they are no reason to leave atomic mode.
 */
const MAY_NEED_IT = ['DoStmt', 'CallStmt', 'ReindexStmt', 'ClusterStmt'] as const;

/** SAVEPOINT, RELEASE and ROLLBACK TO stay inside a transaction; COMMIT PREPARED needs to be outside of any. */
const CONTROL: Readonly<Record<string, string>> = {
  TRANS_STMT_BEGIN: 'BEGIN',
  TRANS_STMT_START: 'START TRANSACTION',
  TRANS_STMT_COMMIT: 'COMMIT',
  TRANS_STMT_ROLLBACK: 'ROLLBACK',
  TRANS_STMT_PREPARE: 'PREPARE TRANSACTION',
};

/** LOAD belongs to them: Apache AGE's files begin with `LOAD 'age'; SET search_path = ag_catalog`. */
function setsSession(node: Node): boolean {
  if ('LoadStmt' in node) return true;
  if ('SelectStmt' in node) return onlySetsConfig(node.SelectStmt);
  if (!('VariableSetStmt' in node)) return false;
  const { is_local, name } = node.VariableSetStmt;
  // SET TRANSACTION (and its SNAPSHOT) ends with the transaction; SET SESSION CHARACTERISTICS does not.
  return is_local !== true && !/^TRANSACTION\b/.test(name ?? '');
}

/** RESET ALL too: the session's own is not ours. */
function setsLockTimeout(node: Node): boolean {
  if ('SelectStmt' in node)
    return (node.SelectStmt.targetList ?? []).some((t) => configIn(t) === 'lock_timeout');
  if (!('VariableSetStmt' in node)) return false;
  const { kind, name } = node.VariableSetStmt;
  return kind === 'VAR_RESET_ALL' || name?.toLowerCase() === 'lock_timeout';
}

/** Which setting a set_config() is of, where it is written there. */
function configIn(target: Node): string | null {
  const value = 'ResTarget' in target ? target.ResTarget.val : undefined;
  const [first] = (value !== undefined && 'FuncCall' in value ? value.FuncCall.args : undefined) ?? [];
  return first !== undefined && 'A_Const' in first ? (first.A_Const.sval?.sval?.toLowerCase() ?? null) : null;
}

/** `select pg_catalog.set_config('search_path', '', false)`, as pg_dump writes it. */
function onlySetsConfig(select: SelectStmt): boolean {
  const { targetList = [], fromClause, whereClause, intoClause, withClause } = select;
  const bare = [fromClause, whereClause, intoClause, withClause].every((clause) => clause === undefined);
  return bare && targetList.length > 0 && targetList.every(isSetConfig);
}

function isSetConfig(target: Node): boolean {
  const value = 'ResTarget' in target ? target.ResTarget.val : undefined;
  return value !== undefined && 'FuncCall' in value && isSetConfigCall(value.FuncCall);
}

function isSetConfigCall({ funcname = [], args = [] }: FuncCall): boolean {
  const name = funcname.map((part) => ('String' in part ? part.String.sval : '')).join('.');
  if (name !== 'set_config' && name !== 'pg_catalog.set_config') return false;
  const last = args[2];
  const isLocal = last !== undefined && 'NamedArgExpr' in last ? last.NamedArgExpr.arg : last;
  if (isLocal === undefined || !('A_Const' in isLocal)) return false;
  const { boolval, sval } = isLocal.A_Const;
  if (boolval !== undefined) return boolval.boolval !== true;
  return /^(f|false|off|0|no|n)$/i.test(sval?.sval ?? '');
}
