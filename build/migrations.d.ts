/**
 * What `import migrations from 'migrations:./db/migrations'` is, with the plugin `rungs/esbuild`. The types of `rungs`
 * bring this along; where a program imports nothing else of it, `"types": ["rungs/migrations"]` in tsconfig.json does.
 */
declare module 'migrations:*' {
  const migrations: import('../src/migration.js').Migrations;
  export default migrations;
}
