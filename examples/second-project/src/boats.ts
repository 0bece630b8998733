import type pg from 'pg';

export interface Boat {
  readonly id: string;
  readonly name: string;
  readonly moored: string;
}

export async function boats(pool: pg.Pool): Promise<readonly Boat[]> {
  return (await pool.query<Boat>('select id, name, moored from boats order by name')).rows;
}

export async function moor(pool: pg.Pool, name: string): Promise<Boat | undefined> {
  return (await pool.query<Boat>('insert into boats (name) values ($1) returning id, name, moored', [name]))
    .rows[0];
}
