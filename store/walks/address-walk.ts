/** Looks up events by author, kind and `d` tag: the versions that it names, and the few events that have it as another tag. */
import {
  allOf,
  binary,
  type Bind,
  binding,
  isOneValue,
  keyList,
  limitedTo,
  timeBounds,
} from "./conditions.ts";
import { FewWalk } from "./few-walk.ts";
import { boundedByCursor, type Driver, type Part, restOf } from "./plan.ts";
import { columns, type Statement, type Walk } from "./walk.ts";

type AddressDriver = Extract<Driver, { tag: unknown }>;

export class AddressWalk extends FewWalk {
  private readonly driver: AddressDriver;
  private readonly findsOthers: boolean;

  /**
   * If not `findsOthers`, it ends with a mark where there are others. Nearly always there are none: then the step knows how few events it
   * returns, and long ones come with their JSON.
   */
  constructor(part: Part, driver: AddressDriver, other: Walk, findsOthers: boolean) {
    super(part, driver, other);
    this.driver = driver;
    this.findsOthers = findsOthers;
  }

  protected get expected(): number {
    return this.findsOthers ? Infinity : this.addresses;
  }

  private get addresses(): number {
    const { authors = [], kinds = [] } = this.part.filter;
    return authors.length * kinds.length * this.driver.tag.values.length;
  }

  protected lookUp(most: number, longest: number): Statement {
    const { bind, params } = binding();
    const event = columns(longest, bind);
    const versions = this.at("event AS e INDEXED BY event_version", "e", bind);
    const others = this.at("other_d AS t", "t", bind);
    // The version without a `d` tag has an empty one.
    const rest = this.restOf(this.driver.tag.values.includes("") ? { by: "version" } : this.driver, bind);
    // As many as there can be: to look whether there are more costs a row.
    const addresses = limitedTo(this.addresses, bind);
    const sql = `
SELECT * FROM (SELECT ${event} FROM ${versions} AND e.d IS NOT NULL AND ${rest} ${addresses})
UNION ALL ${
      this.findsOthers
        ? `SELECT ${event} FROM (SELECT t.seq FROM ${others}) AS t CROSS JOIN event AS e ON e.seq = t.seq WHERE ${this.restOf(this.driver, bind)}`
        : `SELECT 0, 0, NULL FROM ${others}`
    } ${limitedTo(most + 1, bind)}`;
    return { sql, params };
  }

  /** Returns SQL for the entries of a table with these authors, kinds and `d` tags: its FROM and WHERE. */
  private at(table: string, alias: string, bind: Bind): string {
    const { authors = [], kinds = [] } = this.part.filter;
    const texts = this.driver.tag.values.map((value) => JSON.stringify(value));
    const isSingle = authors.length === 1;
    const list = isSingle ? "" : `(${keyList(authors.map(binary), bind)}) AS author CROSS JOIN `;
    const key = isSingle ? `unhex(${bind(authors.join())})` : "author.key";
    return `${list}${table} WHERE ${alias}.pubkey = ${key} AND ${isOneValue(`${alias}.kind`, kinds, bind)} AND ${isOneValue(`${alias}.d`, texts, bind)}`;
  }

  private restOf(driver: Driver, bind: Bind): string {
    return allOf([...timeBounds(boundedByCursor(this.part), bind, "e"), restOf(this.part, driver, bind)]);
  }
}
