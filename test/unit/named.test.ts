import { describe, expect, test } from 'vitest';
import { layoutOf } from '../../src/layout/layout.ts';
import { split } from '../../src/layout/markers.ts';
import { nextName, order } from '../../src/layout/named.ts';
import { file } from '../support/world.ts';

describe('the order of named files', () => {
  test('is by number, then by code unit of the name, on every machine', () => {
    const names = [
      '10_b.sql',
      '2_a.sql',
      '010_files_table_text.sql',
      '010_files_table.sql',
      '10_B.sql',
      'z.sql',
    ];
    const { migrations, problems } = order(names.map((name) => file(name, 'select 1')));
    expect(problems).toEqual([]);
    expect(migrations.map((m) => m.id)).toEqual([
      '2_a.sql',
      '010_files_table.sql',
      '010_files_table_text.sql',
      '10_B.sql',
      '10_b.sql',
      'z.sql',
    ]);
  });

  test('a pair’s file and a name that the table cannot hold are refused', () => {
    const { problems } = order([
      file('1_a.up.sql', ''),
      file(`1_${'x'.repeat(260)}.sql`, ''),
      file('99999999999999999999_a.sql', ''),
    ]);
    expect(problems.map((p) => p.reason)).toEqual(['name', 'name', 'name']);
  });
});

test.each([
  [[], 'pairs'],
  [['README.md'], 'pairs'],
  [['1_a.up.sql', '1_a.down.sql'], 'pairs'],
  [['001_a.sql', '001_b.sql', 'init.sql'], 'named'],
  [['1_a.up.sql', '1_a.down.sql', '2_seed.sql'], 'pairs'],
  [['1_a.up.sql', '2_b.sql', '3_c.sql'], null],
])('%j is a folder of %s', (names, layout) => {
  expect(layoutOf(names)).toBe(layout);
});

test.each([
  [[], '001_x.sql'],
  [['001_a.sql', '106_b.sql', 'z.sql'], '107_x.sql'],
  [['999_a.sql'], '1000_x.sql'],
  [['20240101120000_a.sql'], '20240101120001_x.sql'],
])('behind %j comes %s', (names, next) => {
  expect(nextName(names, 'x')).toBe(next);
});

describe('the way down in the same file', () => {
  const parts = (text: string) => {
    const { up, down, problems } = split(text);
    return {
      up: up.text.trim(),
      down: down?.text.trim() ?? null,
      alone: [up.noTransaction, down?.noTransaction ?? false],
      problems: problems.map((p) => p.message),
    };
  };

  test('is behind `-- rungs: down`', () => {
    expect(parts('create table a ();\n-- rungs: down\ndrop table a;')).toEqual({
      up: 'create table a ();',
      down: 'drop table a;',
      alone: [false, false],
      problems: [],
    });
  });

  test('keeps its place in the file', () => {
    const text = 'create table a ();\r\n-- Rungs: Down  \r\n\tdrop table a;';
    const { down } = split(text);
    expect(down?.text).toHaveLength(text.length);
    expect(down?.text.indexOf('drop')).toBe(text.indexOf('drop'));
    expect(down?.text.split('\n')).toHaveLength(3);
  });

  test('is where dbmate’s markers have it, with their option', () => {
    expect(
      parts(
        '-- migrate:up transaction:false\ncreate index concurrently i on a (b);\n\n-- migrate:down\ndrop index i;',
      ),
    ).toEqual({
      up: '-- migrate:up transaction:false\ncreate index concurrently i on a (b);',
      down: 'drop index i;',
      alone: [true, false],
      problems: [],
    });
  });

  test('is where goose’s markers have it, in either order', () => {
    const up =
      '-- +goose NO TRANSACTION\n-- +goose Up\n-- +goose StatementBegin\nselect 1;\n-- +goose StatementEnd\n';
    expect(parts(`${up}-- +goose Down\nselect 2;`)).toEqual({
      up: up.trim(),
      down: 'select 2;',
      alone: [true, true],
      problems: [],
    });
    expect(parts('-- +goose Down\nselect 2;\n-- +goose Up\nselect 1;')).toMatchObject({
      up: 'select 1;',
      down: 'select 2;',
    });
  });

  test('is refused where a marker is not understood, or there is a second one', () => {
    expect(parts('-- +goose ENVSUB ON\nselect 1').problems).toEqual([
      'the marker `-- +goose ENVSUB ON` is not understood',
    ]);
    expect(parts('-- migrate:up\n-- migrate:down\n-- migrate:up').problems).toEqual([
      'a second marker of a part: `-- migrate:up`',
    ]);
  });
});
