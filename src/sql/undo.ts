/** What a script creates, dropped in reverse order: a draft of its down file. What it cannot tell, it names. */

import type { Node, Parsed } from './grammar.ts';
import { identifier, qualified } from './quote.ts';

export interface Undo {
  /** In the order in which they are to run, without semicolons. */
  readonly drops: readonly string[];
  /** Statements that more is needed for. */
  readonly left: readonly Parsed[];
  /** Extensions stay: others may use them. */
  readonly kept: readonly string[];
}

export function undo(parsed: readonly Parsed[]): Undo {
  const own = new Set(parsed.flatMap(({ node }) => tableIn(node)));
  const counts = new Map<string, number>();
  for (const name of parsed.flatMap(({ node }) => routineIn(node))) {
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  const drops: string[] = [];
  const left: Parsed[] = [];
  for (const statement of parsed.toReversed()) {
    const { node } = statement;
    const isOverloaded = routineIn(node).some((name) => counts.get(name) !== 1);
    const drop = isOverloaded ? null : (dropOf(node) ?? dropOnTable(node, own));
    if (drop === null) left.unshift(statement);
    else drops.push(...drop);
  }
  const kept = parsed.flatMap(({ node }) =>
    'CreateExtensionStmt' in node ? [node.CreateExtensionStmt.extname ?? ''] : [],
  );
  // A default of a table's may need a sequence that was made, or came to it, later; and a schema comes last.
  return { drops: drops.sort((a, b) => rank(a) - rank(b)), left, kept };
}

const rank = (drop: string): number =>
  drop.startsWith('drop schema') ? 2 : drop.startsWith('drop sequence') ? 1 : 0;

type Relation = { readonly schemaname?: string; readonly relname?: string; readonly relpersistence?: string };

const nameOf = ({ schemaname, relname }: Relation = {}): string => qualified(schemaname, relname);
const partsOf = (names: readonly Node[] = []): string =>
  qualified(...names.map((part) => ('String' in part ? part.String.sval : undefined)));
const drop = (what: string, name: string): readonly string[] => [`drop ${what} if exists ${name}`];
const NOTHING: readonly string[] = [];

/** What makes nothing that outlives the script’s own tables. */
const PASSING = [
  'CommentStmt',
  'GrantStmt',
  'AlterDefaultPrivilegesStmt',
  'SelectStmt',
  'VariableSetStmt',
  'CreateExtensionStmt',
  'VacuumStmt',
  'AlterOwnerStmt',
  'AlterSeqStmt',
  'TransactionStmt',
];

/** Null where it is for another to say. */
function dropOf(node: Node): readonly string[] | null {
  if (PASSING.some((kind) => kind in node)) return NOTHING;
  if ('CreateStmt' in node) return dropTable(node.CreateStmt.relation);
  if ('ViewStmt' in node) return drop('view', nameOf(node.ViewStmt.view));
  if ('CreateTableAsStmt' in node) {
    const { into, objtype } = node.CreateTableAsStmt;
    if (objtype === 'OBJECT_MATVIEW') return drop('materialized view', nameOf(into?.rel));
    return dropTable(into?.rel);
  }
  if ('CreateSeqStmt' in node) return drop('sequence', nameOf(node.CreateSeqStmt.sequence));
  if ('CreateFunctionStmt' in node) {
    const { is_procedure, funcname } = node.CreateFunctionStmt;
    return drop(is_procedure === true ? 'procedure' : 'function', partsOf(funcname));
  }
  if ('CreateSchemaStmt' in node) {
    const { schemaname = '', schemaElts } = node.CreateSchemaStmt;
    if (schemaElts !== undefined || schemaname === '') return null;
    return schemaname === 'public' ? NOTHING : drop('schema', identifier(schemaname));
  }
  return dropType(node);
}

const dropTable = (relation: Relation | undefined): readonly string[] =>
  relation?.relpersistence === 't' ? NOTHING : drop('table', nameOf(relation));

function dropType(node: Node): readonly string[] | null {
  if ('CreateEnumStmt' in node) return drop('type', partsOf(node.CreateEnumStmt.typeName));
  if ('CreateRangeStmt' in node) return drop('type', partsOf(node.CreateRangeStmt.typeName));
  if ('CompositeTypeStmt' in node) return drop('type', nameOf(node.CompositeTypeStmt.typevar));
  if ('CreateDomainStmt' in node) return drop('domain', partsOf(node.CreateDomainStmt.domainname));
  return null;
}

/** What belongs to a table of the script’s goes with it, but what ties it to a function or to another goes before. */
function dropOnTable(node: Node, own: ReadonlySet<string>): readonly string[] | null {
  const isOwn = (relation: Relation | undefined) => own.has(relation?.relname ?? '');
  if ('CreateTrigStmt' in node) {
    const { trigname = '', relation } = node.CreateTrigStmt;
    return drop('trigger', `${identifier(trigname)} on ${nameOf(relation)}`);
  }
  if ('CreatePolicyStmt' in node) {
    const { policy_name = '', table } = node.CreatePolicyStmt;
    return drop('policy', `${identifier(policy_name)} on ${nameOf(table)}`);
  }
  if ('IndexStmt' in node) {
    const { idxname, relation } = node.IndexStmt;
    if (isOwn(relation)) return NOTHING;
    return idxname === undefined ? null : drop('index', qualified(relation?.schemaname, idxname));
  }
  if ('AlterTableStmt' in node) {
    const { relation, cmds } = node.AlterTableStmt;
    return isOwn(relation) ? constraintsIn(cmds).map((c) => unconstrain(relation, c)) : null;
  }
  if ('InsertStmt' in node) return isOwn(node.InsertStmt.relation) ? NOTHING : null;
  if ('UpdateStmt' in node) return isOwn(node.UpdateStmt.relation) ? NOTHING : null;
  if ('DeleteStmt' in node) return isOwn(node.DeleteStmt.relation) ? NOTHING : null;
  return null;
}

const unconstrain = (relation: Relation | undefined, name: string): string =>
  `alter table if exists ${nameOf(relation)} drop constraint if exists ${identifier(name)}`;

function constraintsIn(commands: readonly Node[] = []): readonly string[] {
  return commands.flatMap((command) => {
    const added = 'AlterTableCmd' in command ? command.AlterTableCmd.def : undefined;
    return added !== undefined && 'Constraint' in added ? (added.Constraint.conname ?? []) : [];
  });
}

function tableIn(node: Node): readonly string[] {
  if ('CreateStmt' in node) return [node.CreateStmt.relation?.relname ?? ''];
  if ('CreateTableAsStmt' in node) return [node.CreateTableAsStmt.into?.rel?.relname ?? ''];
  return [];
}

/** Of several with one name the arguments would have to tell. */
const routineIn = (node: Node): readonly string[] =>
  'CreateFunctionStmt' in node ? [partsOf(node.CreateFunctionStmt.funcname)] : [];
