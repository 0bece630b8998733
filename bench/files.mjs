/** What all tools are given to do. */

/** One small table for each migration: what they cost beside it is what is measured. */
export const small = (count, from = 1) =>
  Array.from({ length: count }, (_, i) => {
    const name = `bench_${from + i}`;
    return {
      version: from + i,
      name,
      up: `create table ${name} (id bigint generated always as identity primary key, name text not null);\n`,
      down: `drop table ${name};\n`,
    };
  });

/** The same as psql is fed it: each in a transaction of its own, as ours are. */
export const oneByOne = (files) => files.map(({ up }) => `begin;\n${up}commit;\n`).join('');
export const all = (files) => files.map(({ up }) => up).join('');
