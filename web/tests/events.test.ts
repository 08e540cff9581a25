/** Every event of docs/events.md is known here: what it changes, and its sentence. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { Record } from "../src/feed/record";
import { foldKnown } from "../src/fold/fold";
import { sentenceOf } from "../src/fold/sentence";
import { waitsFor } from "../src/fold/waiting";
import { stateOf, told } from "./logs";

interface Schema {
  $ref?: string;
  const?: string;
  type?: string | string[];
  properties?: { [name: string]: Schema };
  required?: string[];
  items?: Schema;
  anyOf?: Schema[];
  oneOf?: Schema[];
}

const document = JSON.parse(
  readFileSync(new URL("../../docs/events.schema.json", import.meta.url), "utf8"),
) as Schema & { $defs: { [name: string]: Schema } };

function resolved(schema: Schema): Schema {
  return schema.$ref ? (document.$defs[schema.$ref.replace("#/$defs/", "")] ?? {}) : schema;
}

/** All values of a schema that differ in a constant; of the rest one each. */
function samples(schema: Schema): unknown[] {
  if (schema.const !== undefined) return [schema.const];
  const of = resolved(schema);
  const variants = of.oneOf ?? of.anyOf;
  if (variants && !of.properties) return variants.flatMap(samples);
  const type = Array.isArray(of.type) ? of.type[0] : of.type;
  if (of !== schema && type !== "object") return samples(of);
  switch (type) {
    case "integer":
    case "number":
      return [3];
    case "boolean":
      return [true];
    case "array":
      return [of.items ? samples(of.items).slice(0, 1) : []];
    case "object":
      return objects(schema.properties ? schema : of);
    default:
      return ["7"];
  }
}

/** Objects with the required fields, and with all of them. */
function objects(schema: Schema): unknown[] {
  const required = new Set(schema.required);
  const all = Object.entries(schema.properties ?? {});
  return [all.filter(([name]) => required.has(name)), all].map((fields) =>
    Object.fromEntries(fields.map(([name, it]) => [name, samples(it)[0]])),
  );
}

/** Records of each event, by its name, as the schema has them. */
function events(): [string, object[]][] {
  const found = new Map<string, object[]>();
  for (const kind of document.anyOf ?? []) {
    for (const variant of resolved(kind).oneOf ?? []) {
      // What an event has in common with others stands beside its name, as a reference.
      const more = variant.$ref ? samples({ $ref: variant.$ref }) : [{}];
      for (const own of objects({ ...variant, $ref: undefined })) {
        for (const rest of more) {
          const record = { ...(rest as object), ...(own as object) } as { event: string };
          found.set(record.event, [...(found.get(record.event) ?? []), record]);
        }
      }
    }
  }
  return [...found];
}

const meeting = ["7", "8", "9"].map((id) => told(1, id, { event: "connected" }));

describe("the events of docs/events.schema.json", () => {
  const all = events();

  it("are as many as docs/events.md has, and no more", () => {
    const page = readFileSync(new URL("../../docs/events.md", import.meta.url), "utf8");
    const inTables = page.split("<!-- events of ").slice(1);
    const names = inTables.flatMap((it) => {
      const table = it.split("<!-- end -->")[0] ?? "";
      return [...table.matchAll(/^\| `([a-z_]+)` \|/gm)].map((line) => line[1]);
    });
    expect(all.length).toBeGreaterThan(40);
    expect(new Set(all.map(([name]) => name))).toEqual(new Set(names));
  });

  it.each(all)("%s is folded, or named as one that changes nothing", (_, records) => {
    for (const record of records) {
      const state = stateOf(meeting);
      expect(foldKnown(state, told(2, "7", record)), JSON.stringify(record)).not.toBeNull();
    }
  });

  it.each(all)("%s has a sentence of its own, or is shown and not listed", (name, records) => {
    for (const record of records) {
      const sentence = sentenceOf(stateOf(meeting), told(2, "7", record));
      if (sentence === null) {
        expect(["message_sent", "message_heard", "messages_untold"]).toContain(name);
        continue;
      }
      expect(sentence.text).not.toBe(name.replaceAll("_", " "));
      expect(sentence.text).not.toMatch(/\b(undefined|null|NaN)\b|\[object/);
    }
  });

  it("every reason to wait has its words", () => {
    const waits = all.find(([name]) => name === "waiting")?.[1] ?? [];
    const reasons = new Set(waits.map((it) => (it as { for: string }).for));
    expect(reasons.size).toBeGreaterThan(8);
    for (const reason of reasons) {
      const told = reason === "votes" || reason === "messages" || waitsFor(reason) !== reason;
      expect(told, reason).toBe(true);
    }
  });
});

describe("peers that are lost and named", () => {
  const heard = (events: Record[]) => stateOf([...meeting, ...events]);

  it("one that is heard again is suspected no more by the peer that hears it", () => {
    const lost = ["7", "8"].map((by) => told(2, by, { event: "peer_lost", lost: "9" }));
    const state = heard([...lost, told(3, "7", { event: "peer_heard", heard: "9" })]);
    expect([...(state.peers.get("9")?.suspectedBy ?? [])]).toEqual(["8"]);
  });

  it("a name is shown beside the number, from its record or from any that mentions the peer", () => {
    const named = heard([told(2, "7", { event: "peer_named", named: "9", name: "ann", like: "8" })]);
    expect(named.peers.get("9")).toMatchObject({ name: "ann", like: "8" });
    const late = heard([
      told(2, "7", { event: "peer_heard", heard: "9", names: { "9": "ann" } }),
    ]);
    const lost = told(3, "7", { event: "peer_lost", lost: "9" });
    expect(sentenceOf(late, lost)?.text).toContain("peer 3 (ann)");
    const first = { event: "peer_joined", joined: "5", known: 4, names: { "5": "eve" } };
    expect(heard([told(2, "7", first)]).peers.get("5")?.name).toBe("eve");
  });
});
