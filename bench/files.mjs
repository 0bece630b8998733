/** What all tools are given to do. */

const made = (count, textOf) =>
  Array.from({ length: count }, (_, i) => {
    const name = `bench_${i + 1}`;
    return { version: i + 1, name, up: textOf(name), down: `drop table ${name};\n` };
  });

const table = (name) =>
  `create table ${name} (id bigint generated always as identity primary key, name text not null);\n`;

/** One small table for each migration: what they cost beside it is what is measured. */
export const small = (count) => made(count, table);

/** A table as most are made: with an index, and a word on what it is for. */
export const ofThree = (count) =>
  made(
    count,
    (name) =>
      `${table(name)}create index ${name}_name on ${name} (name);\ncomment on table ${name} is 'what the bench makes';\n`,
  );

/** The same as psql is fed it: each in a transaction of its own, as ours are. */
export const oneByOne = (files) => files.map(({ up }) => `begin;\n${up}commit;\n`).join('');
export const all = (files) => files.map(({ up }) => up).join('');
