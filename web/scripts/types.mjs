// `npm run types` writes src/generated/api.ts from the description of the API, which has the events of
// the feed in it. With `--check` it fails if what is committed is something else.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import openapiTS, { astToString } from "openapi-typescript";

const docs = new URL("../../docs/", import.meta.url);
const place = new URL("../src/generated/api.ts", import.meta.url);
const isCheck = process.argv.includes("--check");

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

const described = JSON.parse(readFileSync(new URL("openapi.json", docs), "utf8"));
const head = "// Generated from docs/openapi.json by `npm run types`.\n\n";
const text = head + astToString(await openapiTS(split(described)));
if (!isCheck) {
  mkdirSync(new URL(".", place), { recursive: true });
  writeFileSync(place, text);
} else if (readFileSync(place, "utf8") !== text) {
  console.error("src/generated/api.ts is not what docs/openapi.json gives; run `cargo xtask web`");
  process.exitCode = 1;
}
