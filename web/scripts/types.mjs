// `npm run types` writes src/generated/*.ts from the schemas that the Rust code generates: the events
// of the feed, and the API. With `--check` it fails if what is committed is something else.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import openapiTS, { astToString } from "openapi-typescript";

const docs = new URL("../../docs/", import.meta.url);
const out = new URL("../src/generated/", import.meta.url);
const isCheck = process.argv.includes("--check");

/** A JSON Schema with `$defs` as the components of an OpenAPI document. */
function asDocument(name, schema) {
  const { $defs = {}, $schema, title, ...body } = schema;
  const text = JSON.stringify({ ...$defs, [name]: body });
  const schemas = JSON.parse(text.replaceAll("#/$defs/", "#/components/schemas/"));
  return { openapi: "3.1.0", info: { title: name, version: "1" }, paths: {}, components: { schemas } };
}

/**
 * A reference with fields beside it as both at once, since the generator drops what is beside; and
 * so are fields with variants beside them, which it takes for one more variant.
 */
function split(value) {
  if (Array.isArray(value)) return value.map(split);
  if (value === null || typeof value !== "object") return value;
  const inner = Object.fromEntries(Object.entries(value).map(([key, it]) => [key, split(it)]));
  if (inner.anyOf && inner.type === "object") {
    const { anyOf, description, ...fields } = inner;
    return { description, allOf: [fields, { anyOf }] };
  }
  const { $ref, description, ...rest } = inner;
  if (typeof $ref !== "string" || Object.keys(rest).length === 0) return inner;
  return { description, allOf: [{ $ref }, rest] };
}

async function generate(file, schema, document) {
  const head = `// Generated from docs/${schema} by \`npm run types\`.\n\n`;
  const text = head + astToString(await openapiTS(split(document)));
  const place = new URL(file, out);
  if (!isCheck) {
    mkdirSync(out, { recursive: true });
    writeFileSync(place, text);
  } else if (readFileSync(place, "utf8") !== text) {
    console.error(`src/generated/${file} is not what docs/${schema} gives; run \`cargo xtask web\``);
    process.exitCode = 1;
  }
}

const read = (name) => JSON.parse(readFileSync(new URL(name, docs), "utf8"));
const events = "events.schema.json";
await generate("events.ts", events, asDocument("Record", read(events)));
await generate("api.ts", "openapi.json", read("openapi.json"));
