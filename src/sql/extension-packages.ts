/** Which package brings an extension to a server: by Debian's and apt.postgresql.org's names, for those asked for most. */

/** What comes with PostgreSQL's own source; images of PostgreSQL have it, some distributions split it off. */
const CONTRIB = new Set(
  `adminpack amcheck autoinc bloom btree_gin btree_gist citext cube dblink dict_int dict_xsyn earthdistance file_fdw
  fuzzystrmatch hstore insert_username intagg intarray isn lo ltree moddatetime old_snapshot pageinspect pg_buffercache
  pg_freespacemap pg_logicalinspect pg_overexplain pg_prewarm pg_stat_statements pg_surgery pg_trgm pg_visibility
  pg_walinspect pgcrypto pgrowlocks pgstattuple postgres_fdw refint seg sslinfo tablefunc tcn tsm_system_rows
  tsm_system_time unaccent uuid-ossp xml2`.split(/\s+/),
);

/** Behind `postgresql-18-`, where it is not the extension's own name. */
const DEBIAN: Readonly<Record<string, string>> = {
  age: 'age',
  h3: 'h3',
  hll: 'hll',
  http: 'http',
  hypopg: 'hypopg',
  ip4r: 'ip4r',
  jsquery: 'jsquery',
  orafce: 'orafce',
  pg_cron: 'cron',
  pg_hint_plan: 'pg-hint-plan',
  pg_ivm: 'pg-ivm',
  pg_partman: 'partman',
  pg_qualstats: 'pg-qualstats',
  pg_repack: 'repack',
  pg_squeeze: 'squeeze',
  pg_stat_kcache: 'pg-stat-kcache',
  pg_uuidv7: 'pg-uuidv7',
  pg_wait_sampling: 'pg-wait-sampling',
  pgaudit: 'pgaudit',
  pglogical: 'pglogical',
  pgmq: 'pgmq',
  pgrouting: 'pgrouting',
  pgsphere: 'pgsphere',
  pgtap: 'pgtap',
  plpgsql_check: 'plpgsql-check',
  postgis: 'postgis-3',
  postgis_raster: 'postgis-3',
  postgis_sfcgal: 'postgis-3',
  postgis_tiger_geocoder: 'postgis-3',
  postgis_topology: 'postgis-3',
  prefix: 'prefix',
  rum: 'rum',
  semver: 'semver',
  tds_fdw: 'tds-fdw',
  tdigest: 'tdigest',
  unit: 'unit',
  vector: 'pgvector',
};

/** For those that are packaged elsewhere, or otherwise. */
const ELSEWHERE: Readonly<Record<string, (major: number) => string>> = {
  plperl: (v) => `postgresql-plperl-${v}`,
  plperlu: (v) => `postgresql-plperl-${v}`,
  plpython3u: (v) => `postgresql-plpython3-${v}`,
  pltcl: (v) => `postgresql-pltcl-${v}`,
  pltclu: (v) => `postgresql-pltcl-${v}`,
  plv8: (v) => `postgresql-${v}-plv8`,
  timescaledb: (v) => `timescaledb-2-postgresql-${v} (from packagecloud.io/timescale)`,
  citus: (v) => `postgresql-${v}-citus (from packagecloud.io/citusdata)`,
};

/** What to install on a server of this major version, as text for a hint. */
export function packageOf(extension: string, major: number): string {
  if (CONTRIB.has(extension)) {
    return `it is one of PostgreSQL’s own (contrib): install \`postgresql${major}-contrib\` (Red Hat), \`postgresql-contrib\` (Alpine) or \`postgresql-${major}\` (Debian)`;
  }
  const elsewhere = Object.hasOwn(ELSEWHERE, extension) ? ELSEWHERE[extension]?.(major) : undefined;
  const debian = Object.hasOwn(DEBIAN, extension) ? `postgresql-${major}-${DEBIAN[extension]}` : undefined;
  const found = elsewhere ?? debian;
  return found === undefined
    ? 'install the package that brings it'
    : `install the package that brings it: \`${found}\` (Debian’s name)`;
}
