// Writes src/generated/*.ts from the schemas that the Rust code generates: the events of the feed,
// and the API. They are not committed, so they are always those of the schemas beside them.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import openapiTS, { astToString } from "openapi-typescript";

const docs = new URL("../../docs/", import.meta.url);
const out = new URL("../src/generated/", import.meta.url);

/** A JSON Schema with `$defs` as the components of an OpenAPI document. */
function asDocument(name, schema) {
  const { $defs = {}, $schema, title, ...body } = schema;
  const text = JSON.stringify({ ...$defs, [name]: body });
  const schemas = JSON.parse(text.replaceAll("#/$defs/", "#/components/schemas/"));
  return { openapi: "3.1.0", info: { title: name, version: "1" }, paths: {}, components: { schemas } };
}

/** A reference with fields beside it as both at once, since the generator drops what is beside. */
function split(value) {
  if (Array.isArray(value)) return value.map(split);
  if (value === null || typeof value !== "object") return value;
  const inner = Object.fromEntries(Object.entries(value).map(([key, it]) => [key, split(it)]));
  const { $ref, description, ...rest } = inner;
  if (typeof $ref !== "string" || Object.keys(rest).length === 0) return inner;
  return { description, allOf: [{ $ref }, rest] };
}

async function write(file, document) {
  mkdirSync(out, { recursive: true });
  writeFileSync(new URL(file, out), astToString(await openapiTS(split(document))));
}

const read = (name) => JSON.parse(readFileSync(new URL(name, docs), "utf8"));
await write("events.ts", asDocument("Record", read("events.schema.json")));
if (existsSync(new URL("openapi.json", docs))) await write("api.ts", read("openapi.json"));
