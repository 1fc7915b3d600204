/** The database of the Worker and its objects: one for each isolate. */
import { env } from "cloudflare:workers";
import { openD1 } from "../platforms/d1.ts";
import { sizedDatabase, StoreSize } from "../store/database/store-size.ts";
import { configOf } from "../platforms/config.ts";

const { MAX_STORE_BYTES, READ_REPLICAS } = configOf(env);
export const size = new StoreSize(MAX_STORE_BYTES);
export const database = sizedDatabase(openD1(env.DB, READ_REPLICAS === "on"), size);
