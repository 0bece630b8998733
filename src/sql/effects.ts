/** What a statement makes and unmakes in the catalog, as far as that can be read from it. */

import type { Node, Parsed, RangeVar } from './grammar.ts';

/** A name is one's own among those of its family, in a schema or on a table. */
export type Family = 'relation' | 'type' | 'routine' | 'schema' | 'extension' | 'trigger' | 'column';

export interface ObjectName {
  readonly family: Family;
  /** Null: the search_path says. */
  readonly schema: string | null;
  readonly name: string;
  /** The table of a trigger, a column or an index. */
  readonly on: string | null;
}

export type Effect =
  /** `kind` as people call it: "materialized view". */
  | {
      readonly does: 'create';
      readonly kind: string;
      readonly object: ObjectName;
      readonly isTemporary: boolean;
    }
  | { readonly does: 'drop'; readonly object: ObjectName; readonly cascades: boolean }
  | { readonly does: 'rename'; readonly object: ObjectName; readonly to: string }
  | { readonly does: 'move'; readonly object: ObjectName; readonly to: string }
  /** From here on, where an unqualified name goes cannot be told. */
  | { readonly does: 'search elsewhere' }
  /** Code that may unmake what it names. */
  | { readonly does: 'anything'; readonly text: string };

/** The first is the one; type and domain share their names, and so do all that are in pg_class. */
const FAMILIES: Readonly<Record<string, Family>> = {
  ...{ TABLE: 'relation', VIEW: 'relation', MATVIEW: 'relation', INDEX: 'relation', SEQUENCE: 'relation' },
  ...{ FOREIGN_TABLE: 'relation', TYPE: 'type', DOMAIN: 'type', SCHEMA: 'schema', EXTENSION: 'extension' },
  ...{ FUNCTION: 'routine', PROCEDURE: 'routine', ROUTINE: 'routine', AGGREGATE: 'routine' },
  ...{ TRIGGER: 'trigger', COLUMN: 'column' },
};

const familyOf = (type: string | undefined): Family | null =>
  FAMILIES[type?.replace('OBJECT_', '') ?? ''] ?? null;

export function effectsOf({ node, start, end }: Parsed, text: string): readonly Effect[] {
  const own = text.slice(start, end);
  const isCode = 'DoStmt' in node;
  const isDefinition = 'CreateFunctionStmt' in node;
  return [
    ...(!isDefinition && /search_path/i.test(own) ? [{ does: 'search elsewhere' } as const] : []),
    ...(isCode ? [{ does: 'anything', text: own } as const] : []),
    ...created(node),
    ...unmade(node),
  ];
}

const create = (kind: string, object: ObjectName, isTemporary = false): readonly Effect[] => [
  { does: 'create', kind, object, isTemporary: isTemporary || /^pg_temp/.test(object.schema ?? '') },
];

const relation = (r: RangeVar | undefined): ObjectName => ({
  family: 'relation',
  schema: r?.schemaname ?? null,
  name: r?.relname ?? '',
  on: null,
});

const made = (kind: string, r: RangeVar | undefined): readonly Effect[] =>
  r === undefined ? [] : create(kind, relation(r), r.relpersistence === 't');

const onTable = (family: Family, table: RangeVar | undefined, name: string | undefined): ObjectName => ({
  family,
  schema: table?.schemaname ?? null,
  name: name ?? '',
  on: table?.relname ?? null,
});

function created(node: Node): readonly Effect[] {
  if ('CreateStmt' in node) return made('table', node.CreateStmt.relation);
  if ('CreateForeignTableStmt' in node) return made('table', node.CreateForeignTableStmt.base?.relation);
  if ('CreateTableAsStmt' in node) {
    const { objtype, into } = node.CreateTableAsStmt;
    return made(objtype === 'OBJECT_MATVIEW' ? 'materialized view' : 'table', into?.rel);
  }
  if ('SelectStmt' in node) return made('table', node.SelectStmt.intoClause?.rel);
  if ('ViewStmt' in node) return made('view', node.ViewStmt.view);
  if ('CreateSeqStmt' in node) return made('sequence', node.CreateSeqStmt.sequence);
  if ('IndexStmt' in node) {
    const { idxname, relation: table } = node.IndexStmt;
    return idxname === undefined ? [] : create('index', onTable('relation', table, idxname));
  }
  if ('CompositeTypeStmt' in node) {
    return create('type', { ...relation(node.CompositeTypeStmt.typevar), family: 'type' });
  }
  if ('CreateEnumStmt' in node) return create('type', nameOf('type', node.CreateEnumStmt.typeName));
  if ('CreateRangeStmt' in node) return create('type', nameOf('type', node.CreateRangeStmt.typeName));
  if ('CreateDomainStmt' in node) return create('domain', nameOf('type', node.CreateDomainStmt.domainname));
  if ('CreateFunctionStmt' in node) {
    const { is_procedure, funcname } = node.CreateFunctionStmt;
    return create(is_procedure === true ? 'procedure' : 'function', nameOf('routine', funcname));
  }
  if ('DefineStmt' in node) {
    const { kind, defnames } = node.DefineStmt;
    if (kind === 'OBJECT_AGGREGATE') return create('aggregate', nameOf('routine', defnames));
    return kind === 'OBJECT_TYPE' ? create('type', nameOf('type', defnames)) : [];
  }
  if ('CreateSchemaStmt' in node) return create('schema', bare('schema', node.CreateSchemaStmt.schemaname));
  if ('CreateExtensionStmt' in node) {
    return create('extension', bare('extension', node.CreateExtensionStmt.extname));
  }
  if ('CreateTrigStmt' in node) {
    const { trigname, relation: table } = node.CreateTrigStmt;
    return create('trigger', onTable('trigger', table, trigname));
  }
  return 'AlterTableStmt' in node ? altered(node.AlterTableStmt) : [];
}

type AlterTable = Extract<Node, { AlterTableStmt: unknown }>['AlterTableStmt'];

/** Columns come and go; and an index that becomes a constraint may get another name. */
function altered({ relation: table, cmds = [] }: AlterTable): readonly Effect[] {
  return cmds.flatMap((cmd): readonly Effect[] => {
    if (!('AlterTableCmd' in cmd)) return [];
    const { subtype, name, def } = cmd.AlterTableCmd;
    if (subtype === 'AT_AddColumn' && def !== undefined && 'ColumnDef' in def) {
      return create('column', onTable('column', table, def.ColumnDef.colname));
    }
    if (subtype === 'AT_DropColumn') {
      return [{ does: 'drop', object: onTable('column', table, name), cascades: true }];
    }
    const index = def !== undefined && 'Constraint' in def ? def.Constraint.indexname : undefined;
    if (index === undefined) return [];
    return [{ does: 'drop', object: { ...relation(table), name: index }, cascades: false }];
  });
}

function unmade(node: Node): readonly Effect[] {
  if ('DropStmt' in node) {
    const { removeType, objects = [], behavior } = node.DropStmt;
    const family = familyOf(removeType);
    const cascades = behavior === 'DROP_CASCADE';
    if (family === null) return [];
    return objects.map((o) => ({ does: 'drop', object: nameOf(family, partsOf(o)), cascades }) as const);
  }
  if ('DropOwnedStmt' in node) return [{ does: 'anything', text: 'drop *' }];
  if ('RenameStmt' in node) {
    const { renameType, relation: r, object, subname, newname: to = '' } = node.RenameStmt;
    const family = familyOf(renameType);
    if (family === null) return [];
    return [{ does: 'rename', object: namedBy(family, r, object, subname), to }];
  }
  if ('AlterObjectSchemaStmt' in node) {
    const { objectType, relation: r, object, newschema: to = '' } = node.AlterObjectSchemaStmt;
    const family = familyOf(objectType);
    return family === null ? [] : [{ does: 'move', object: namedBy(family, r, object, undefined), to }];
  }
  return [];
}

function namedBy(
  family: Family,
  r: RangeVar | undefined,
  object: Node | undefined,
  subname: string | undefined,
): ObjectName {
  if (family === 'trigger' || family === 'column') return onTable(family, r, subname);
  if (r !== undefined) return relation(r);
  return object === undefined ? bare(family, subname) : nameOf(family, partsOf(object));
}

/** However the grammar holds it: a list, a type's name, a function with its arguments. */
function partsOf(node: Node): readonly Node[] {
  if ('List' in node) return node.List.items ?? [];
  if ('TypeName' in node) return node.TypeName.names ?? [];
  return 'ObjectWithArgs' in node ? (node.ObjectWithArgs.objname ?? []) : [node];
}

const bare = (family: Family, name: string | undefined): ObjectName => ({
  ...{ family, schema: null, name: name ?? '', on: null },
});

function nameOf(family: Family, parts: readonly Node[] = []): ObjectName {
  const words = parts.map((p) => ('String' in p ? (p.String.sval ?? '') : ''));
  const name = words.at(-1) ?? '';
  if (family !== 'trigger') return { family, schema: words.at(-2) ?? null, name, on: null };
  return { family, schema: words.at(-3) ?? null, name, on: words.at(-2) ?? null };
}
