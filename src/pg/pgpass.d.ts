/** The part of `pgpass` that is used; the package has no types of its own. */
declare module 'pgpass' {
  export default function pgpass(
    connection: { host: string; port: number; user: string; database: string },
    found: (password: string | undefined) => void,
  ): void;
}
