/** A file of SQL as wrangler bundles it. */
declare module "*.sql" {
  const sql: string;
  export default sql;
}
